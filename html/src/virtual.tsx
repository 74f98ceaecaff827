// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// A list of rows of one height, of which only those in sight exist.

import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { useSize } from './ui';

const spare = 6;

interface VirtualProps {
    count: number;
    height: number;
    class?: string;
    row: (index: number) => ComponentChildren;
    show?: { index: number };
    onScroll?: (top: number, last: number) => void;
    top?: number | null;
}

export function Virtual({ count, height, class: extra, row, show, onScroll, top }: VirtualProps) {
    const { ref, height: seen } = useSize<HTMLDivElement>();
    const [at, setAt] = useState(0);

    const first = Math.max(0, Math.floor(at / height) - spare);
    const last = Math.min(count, Math.ceil((at + seen) / height) + spare);

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

    useLayoutEffect(() => {
        if (top !== null && top !== undefined && ref.current !== null) {
            ref.current.scrollTop = top;
        }
    }, [top]);

    const scroll = (e: Event) => {
        const y = (e.currentTarget as HTMLElement).scrollTop;
        const start = Math.floor(y / height);

        if (start !== Math.floor(at / height)) {
            setAt(y);
        }

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
