// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// A list of rows of one height, of which only those in sight exist.  List and
// Stream use it.

import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useSize } from './parts';

const spare = 6;

interface VirtualProps {
    count: number;
    height: number;
    class?: string;
    row: (index: number) => ComponentChildren;
    show?: { index: number };
    onScroll?: (top: number, last: number) => void;
    // rows that have names stay where they are seen when others above them come or go
    name?: (index: number) => string | undefined;
    // of another list than before, none stays
    edition?: number;
    onSight?: (first: number, last: number) => void;
}

interface Anchor {
    edition: number | undefined;
    name: string | undefined;
    index: number;
    top: number;
}

export function Virtual({ count, height, class: extra, row, show, onScroll, name, edition, onSight }: VirtualProps) {
    const { ref, height: seen } = useSize<HTMLDivElement>();
    const [at, setAt] = useState(0);

    const anchor = useRef<Anchor | null>(null);

    // how far what is seen has moved since it was looked at
    const shift = () => {
        const was = anchor.current;

        if (was === null || was.top === 0 || was.edition !== edition || was.name === name?.(was.index)) {
            return 0;
        }

        for (let i = 0; i < count; i++) {
            if (name?.(i) === was.name) {
                return (i - was.index) * height;
            }
        }

        return 0;
    };

    const moved = shift();
    const from = at + moved;
    const first = Math.max(0, Math.floor(from / height) - spare);
    const last = Math.min(count, Math.ceil((from + seen) / height) + spare);

    useEffect(() => {
        const box = ref.current;

        if (box === null || show === undefined || show.index < 0) {
            return;
        }

        const y = show.index * height;

        if (y < box.scrollTop) {
            box.scrollTop = y;
        } else if (y + height > box.scrollTop + box.clientHeight) {
            box.scrollTop = y + height - box.clientHeight;
        }
    }, [show, height]);

    const look = (y: number) => {
        const index = Math.floor(y / height);

        anchor.current = { edition, name: name?.(index), index, top: y };
        onSight?.(index, Math.ceil((y + seen) / height));
    };

    // before it is painted; the layout is asked for only where something has moved
    useLayoutEffect(() => {
        const box = ref.current;
        let y = anchor.current?.top ?? 0;

        if (box === null || name === undefined) {
            return;
        }

        // unless somebody scrolls meanwhile; a list that is shorter now may be at its end
        if (moved !== 0 && Math.abs(box.scrollTop - Math.min(y, box.scrollHeight - box.clientHeight)) < 1) {
            box.scrollTop = y + moved;
            y = box.scrollTop;
            setAt(y);
        }

        look(y);
    });

    const scroll = (e: Event) => {
        const y = (e.currentTarget as HTMLElement).scrollTop;
        const start = Math.floor(y / height);

        if (start !== Math.floor(at / height)) {
            setAt(y);
        }

        look(y);
        onScroll?.(y, Math.ceil((y + seen) / height));
    };

    const slice: ComponentChildren[] = [];

    for (let i = first; i < last; i++) {
        slice.push(row(i));
    }

    return (
        <div ref={ref} class={'virtual ' + (extra ?? '')} onScroll={scroll} role="presentation">
            <div class="virtual-space" style={{ height: count * height + 'px' }} role="presentation">
                <div class="virtual-slice" style={{ transform: `translateY(${first * height}px)` }} role="presentation">
                    {slice}
                </div>
            </div>
        </div>
    );
}
