// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// uPlot in the colours of the page.  Stream and Statistics use it.

import { useLayoutEffect, useRef } from 'preact/hooks';
import uPlot, { type AlignedData, type Series } from 'uplot';
import { theme } from '../state/prefs';
import { clock } from '../text/format';
import { lang } from '../text/i18n';
import { useMedia, useSize } from './parts';

export interface Line {
    label: string;
    color: 'accent' | 'ok' | 'error' | 'cut' | 'running' | 'quiet';
    bars?: boolean;
    dash?: boolean;
    points?: boolean;
}

interface ChartProps {
    label: string;
    data: AlignedData;
    lines: Line[];
    format: (value: number) => string;
    x?: 'time' | 'ms';
    // seconds at least, to the left of the last value
    span?: number;
    height?: number;
}

const color = (name: string) => {
    const probe = document.createElement('i');
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
};

const clockValues = (_: uPlot, at: number[], __: number, ___: number, step: number) =>
    at.map((s) => clock(s * 1000, step < 60));

// one point makes no line
const lonely = (values: ArrayLike<unknown>) => Array.from(values).filter((v) => typeof v === 'number').length === 1;

// 0.1000 says no more than 0.1 does
const tick = (text: string, value: number) =>
    value === 0 ? '0' : text.replace(/(\.\d*?)0+(?=\D|$)/, '$1').replace(/\.(?=\D|$)/, '');

function options(p: ChartProps, width: number, height: number): uPlot.Options {
    const quiet = color('text-2');
    const grid = { stroke: color('line'), width: 1 };
    const axis = { stroke: quiet, grid, ticks: { show: false }, font: '11px system-ui, sans-serif', gap: 4 };
    const bars = uPlot.paths.bars?.({ size: [0.8, 24], align: 1 });

    const series: Series[] = p.lines.map((l) => ({
        label: l.label,
        stroke: color(l.color),
        fill: l.bars === true ? color(l.color) : undefined,
        width: l.bars === true ? 0 : 1.5,
        dash: l.dash === true ? [4, 4] : undefined,
        paths: l.bars === true ? bars : undefined,
        points: { show: (u, i) => l.points === true || lonely(u.data[i] ?? []), size: 4 },
        spanGaps: true,
        // nothing is pointed at, or nothing is known there
        value: (_u: uPlot, v: number | null, _i: number, at: number | null) =>
            at === null ? '' : v === null ? '–' : p.format(v),
    }));

    return {
        width,
        height,
        padding: [8, 24, 0, 0],
        cursor: { points: { size: 6 }, drag: { x: false, y: false } },
        legend: {
            live: true,
            markers: { width: 0, fill: (_u, i) => (i === 0 ? 'none' : color(p.lines[i - 1]?.color ?? 'quiet')) },
        },
        scales: {
            x: {
                time: p.x !== 'ms',
                range: (u, min, max) => {
                    const last = u.data[0].at(-1);

                    /* of a single point uPlot would make a range by itself */

                    return p.span === undefined || last === undefined
                        ? [min, max]
                        : [Math.min(u.data[0][0] ?? last, last - p.span), last + p.span / 50];
                },
            },
            y: { range: (_u, _min, max) => [0, Math.max(max, 1e-9) * 1.08] },
        },
        axes: [
            {
                ...axis,
                size: 20,
                space: 72,
                values: p.x === 'ms' ? (_u, at) => at.map((v) => v / 1000 + ' s') : clockValues,
            },
            { ...axis, size: 56, space: 28, values: (_u, at) => at.map((v) => tick(p.format(v), v)) },
        ],
        series: [
            {
                value:
                    p.x === 'ms'
                        ? (_u: uPlot, v: number | null) => (v === null ? '' : (v / 1000).toFixed(2) + ' s')
                        : (_u: uPlot, v: number | null) => (v === null ? '' : clock(v * 1000)),
            },
            ...series,
        ],
    };
}

export function Chart(p: ChartProps) {
    const { ref, width } = useSize<HTMLDivElement>();
    const plot = useRef<uPlot | null>(null);
    const dark = useMedia('(prefers-color-scheme: dark)');
    const height = p.height ?? 140;
    const look = [theme.value, dark, lang.value, height, p.lines.length, p.span].join();
    const ready = width > 0;

    useLayoutEffect(() => {
        if (ref.current === null || !ready) {
            return;
        }

        plot.current = new uPlot(options(p, width, height), p.data, ref.current);

        return () => {
            plot.current?.destroy();
            plot.current = null;
        };
    }, [look, ready]);

    useLayoutEffect(() => {
        plot.current?.setData(p.data);
    }, [p.data]);
    useLayoutEffect(() => {
        plot.current?.setSize({ width, height });
    }, [width]);

    return (
        <figure class="chart">
            <figcaption>{p.label}</figcaption>
            <div ref={ref} class="plot" role="img" aria-label={p.label} style={{ minHeight: height + 28 + 'px' }} />
        </figure>
    );
}
