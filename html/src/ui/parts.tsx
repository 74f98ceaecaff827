// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Buttons, icons, menus, dialogs, messages, and hooks for size and media.

import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../text/i18n';

const paths = {
    search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6 14 14',
    chart: 'M2 14h12M4 11V7M8 11V3M12 11V5.5',
    list: 'M2 4h12M2 8h12M2 12h12',
    han: 'M2 4.5h12M8 2v2.5M4.5 4.5c1 4.5 4 8 8.5 9.5M11.5 4.5c-1 4.5-4 8-8.5 9.5',
    dots: 'M3 8h.01M8 8h.01M13 8h.01',
    sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
    moon: 'M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z',
    auto: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 2v12M8 5h3.8M8 8h6M8 11h3.8',
    close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
    left: 'M10 3 5 8l5 5',
    up: 'M3 10l5-5 5 5',
    down: 'M3 6l5 5 5-5',
    copy: 'M5.5 5.5V2.5h8v8h-3M2.5 5.5h8v8h-8z',
    link: 'M6.5 9.5a3 3 0 0 0 4.2 0l2.4-2.4a3 3 0 0 0-4.2-4.2l-.9.9M9.5 6.5a3 3 0 0 0-4.2 0L2.9 8.9a3 3 0 0 0 4.2 4.2l.9-.9',
    stop: 'M3.5 3.5h9v9h-9z',
    columns: 'M2.5 2.5h11v11h-11zM6.2 2.5v11M9.8 2.5v11',
    check: 'M3 8.5l3.2 3.2L13 4.7',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
    return (
        <svg class="icon" data-name={name} viewBox="0 0 16 16" aria-hidden="true">
            <path d={paths[name]} />
        </svg>
    );
}

interface ButtonProps {
    icon?: IconName;
    label: string;
    text?: ComponentChildren;
    onClick: (e: MouseEvent) => void;
    pressed?: boolean;
    disabled?: boolean;
    class?: string;
    menu?: boolean;
}

export function Button({ icon, label, text, onClick, pressed, disabled, class: extra, menu: opens }: ButtonProps) {
    return (
        <button
            type="button"
            class={'button ' + (text === undefined ? 'square ' : '') + (extra ?? '')}
            title={label}
            aria-label={text === undefined || typeof text !== 'string' ? label : undefined}
            aria-pressed={pressed}
            aria-haspopup={opens === true ? 'menu' : undefined}
            disabled={disabled}
            onClick={onClick}
        >
            {icon !== undefined && <Icon name={icon} />}
            {text !== undefined && <span>{text}</span>}
        </button>
    );
}

export interface MenuItem {
    label: string;
    hint?: string;
    checked?: boolean;
    keep?: boolean;
    href?: string;
    run?: () => void;
}

interface MenuState {
    x: number;
    y: number;
    label: string;
    items: () => MenuItem[];
}

const openMenu = signal<MenuState | null>(null);
let opener: HTMLElement | null = null;

export function menu(e: MouseEvent | KeyboardEvent, label: string, items: () => MenuItem[]): void {
    const target = e.currentTarget as HTMLElement;
    const box = target.getBoundingClientRect();
    const pointer = e.type === 'contextmenu' && e instanceof MouseEvent && e.clientX > 0;

    e.preventDefault();
    e.stopPropagation();
    opener = document.activeElement as HTMLElement | null;
    openMenu.value = {
        x: pointer ? e.clientX : box.left,
        y: pointer ? e.clientY : box.bottom + 4,
        label,
        items,
    };
}

function closeMenu(): void {
    openMenu.value = null;
    opener?.focus();
}

export function Menus() {
    const state = openMenu.value;
    const ref = useRef<HTMLDivElement>(null);
    const [, redraw] = useState(0);

    useLayoutEffect(() => {
        const box = ref.current;

        if (box === null || state === null) {
            return;
        }

        const size = box.getBoundingClientRect();
        box.style.left = Math.max(8, Math.min(state.x, innerWidth - size.width - 8)) + 'px';
        box.style.top = Math.max(8, Math.min(state.y, innerHeight - size.height - 8)) + 'px';
        box.querySelector<HTMLElement>('[role^=menuitem]')?.focus();
    }, [state]);

    if (state === null) {
        return null;
    }

    const move = (by: number) => {
        const all = [...(ref.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])];
        const at = all.indexOf(document.activeElement as HTMLElement);
        all[(at + by + all.length) % all.length]?.focus();
    };

    const onKeyDown = (e: KeyboardEvent) => {
        e.stopPropagation();

        if (e.key === 'Escape' || e.key === 'Tab') {
            e.preventDefault();
            closeMenu();
        } else if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
            e.preventDefault();
            move(e.key === 'ArrowDown' ? 1 : -1);
        }
    };

    const choose = (item: MenuItem) => {
        item.run?.();

        if (item.keep === true) {
            redraw((n) => n + 1);
        } else {
            closeMenu();
        }
    };

    return (
        <div
            class="veil"
            onClick={closeMenu}
            onContextMenu={(e) => {
                e.preventDefault();
                closeMenu();
            }}
        >
            <div
                ref={ref}
                class="menu"
                role="menu"
                aria-label={state.label}
                onKeyDown={onKeyDown}
                onClick={(e) => e.stopPropagation()}
            >
                {state.items().map((item, i) =>
                    item.href !== undefined ? (
                        <a key={i} role="menuitem" href={item.href} download="" onClick={closeMenu}>
                            {item.label}
                        </a>
                    ) : (
                        <button
                            key={i}
                            type="button"
                            role={item.checked === undefined ? 'menuitem' : 'menuitemcheckbox'}
                            aria-checked={item.checked}
                            onClick={() => choose(item)}
                        >
                            {item.checked !== undefined && (
                                <span class="tick">{item.checked && <Icon name="check" />}</span>
                            )}
                            <span>{item.label}</span>
                            {item.hint !== undefined && <kbd>{item.hint}</kbd>}
                        </button>
                    ),
                )}
            </div>
        </div>
    );
}

const message = signal('');
let messageTimer = 0;

export function say(text: string): void {
    message.value = text;
    clearTimeout(messageTimer);
    messageTimer = window.setTimeout(() => {
        message.value = '';
    }, 2400);
}

export function Messages() {
    return (
        <div class="toast" role="status" aria-live="polite" data-shown={message.value !== ''}>
            {message.value}
        </div>
    );
}

export async function copy(text: string): Promise<void> {
    try {
        await navigator.clipboard.writeText(text);
        say(t('copied'));
        return;
    } catch {
        // plain HTTP on another host has no clipboard: the old way
    }

    const focused = document.activeElement as HTMLElement | null;
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'unseen';
    document.body.append(area);
    area.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- a page that came over plain HTTP has no other way
    say(document.execCommand('copy') ? t('copied') : t('notCopied'));
    area.remove();
    focused?.focus();
}

export function save(name: string, type: string, text: string): void {
    const href = URL.createObjectURL(new Blob([text], { type }));
    const a = document.createElement('a');
    a.href = href;
    a.download = name;
    a.click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
}

export function Copy({ text, label }: { text: () => string; label?: string }) {
    return <Button icon="copy" label={label ?? t('copy')} onClick={() => void copy(text())} />;
}

// shown only when the wait is long enough to be noticed
export function Wait() {
    const [late, setLate] = useState(false);

    useEffect(() => {
        const timer = setTimeout(() => setLate(true), 200);
        return () => clearTimeout(timer);
    }, []);

    return (
        <p class="quiet pad" aria-busy="true">
            {late ? t('loading') : '\u00a0'}
        </p>
    );
}

export function Trouble({ text, retry }: { text: string; retry?: () => void }) {
    return (
        <div class="trouble pad" role="alert">
            <span>{text}</span>
            {retry !== undefined && <Button label={t('retry')} text={t('retry')} onClick={retry} />}
        </div>
    );
}

interface DialogProps {
    label: string;
    close: () => void;
    class?: string;
    children: ComponentChildren;
}

export function Dialog({ label, close, class: extra, children }: DialogProps) {
    const ref = useRef<HTMLDialogElement>(null);

    useEffect(() => {
        const before = document.activeElement as HTMLElement | null;
        ref.current?.showModal();
        return () => before?.focus();
    }, []);

    return (
        <dialog
            ref={ref}
            class={extra}
            aria-label={label}
            onClose={close}
            onClick={(e) => {
                if (e.target === ref.current) {
                    close();
                }
            }}
            onKeyDown={(e) => {
                if (ref.current?.open) {
                    e.stopPropagation();
                }
            }}
        >
            {children}
        </dialog>
    );
}

export function useSize<T extends HTMLElement>() {
    const ref = useRef<T>(null);
    const [size, setSize] = useState({ width: 0, height: 0 });

    useLayoutEffect(() => {
        const element = ref.current;

        if (element === null) {
            return;
        }

        const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
        const observer = new ResizeObserver(measure);

        measure();
        observer.observe(element);
        return () => observer.disconnect();
    }, []);

    return { ref, ...size };
}

export function useMedia(media: string): boolean {
    const [matches, setMatches] = useState(() => matchMedia(media).matches);

    useEffect(() => {
        const list = matchMedia(media);
        const change = () => setMatches(list.matches);

        change();
        list.addEventListener('change', change);
        return () => list.removeEventListener('change', change);
    }, [media]);

    return matches;
}

export const narrow = '(max-width: 759px)';
