// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The frame: bar, strip, list and detail side by side, or the statistics.
// main.tsx draws it.

import { useRef } from 'preact/hooks';
import { Detail } from '../detail/detail';
import { List } from '../list/list';
import { Strip } from '../list/strip';
import { selected, view } from '../state/place';
import { split } from '../state/prefs';
import { blank } from '../state/store';
import { Stats } from '../stats/stats';
import { t } from '../text/i18n';
import { Menus, Messages } from '../ui/parts';
import { Bar } from './bar';
import { Help } from './help';
import { Palette } from './palette';

const least = 0.25;
const most = 0.8;

const bounded = (share: number) => Math.max(least, Math.min(most, share));

function Divider() {
    const drag = useRef(false);

    const move = (e: PointerEvent) => {
        const box = (e.currentTarget as Element).parentElement?.getBoundingClientRect();

        if (drag.current && box !== undefined) {
            split.value = bounded((box.right - e.clientX) / box.width);
        }
    };

    const key = (e: KeyboardEvent) => {
        const by = e.key === 'ArrowLeft' ? 0.02 : e.key === 'ArrowRight' ? -0.02 : 0;

        if (by !== 0) {
            e.preventDefault();
            split.value = bounded(split.value + by);
        }
    };

    return (
        <div
            class="divider"
            role="separator"
            aria-orientation="vertical"
            aria-label={t('divider')}
            tabIndex={0}
            aria-valuenow={Math.round(split.value * 100)}
            aria-valuemin={least * 100}
            aria-valuemax={most * 100}
            onPointerDown={(e) => {
                drag.current = true;
                e.currentTarget.setPointerCapture(e.pointerId);
            }}
            onPointerMove={move}
            onPointerUp={() => {
                drag.current = false;
            }}
            onKeyDown={key}
            onDblClick={() => {
                split.value = 0.52;
            }}
        />
    );
}

export function App() {
    const open = selected.value !== null;

    return (
        <>
            <div class="app" data-view={view.value}>
                <Bar />
                {view.value === 'stats' ? (
                    <Stats />
                ) : (
                    <>
                        {!blank.value && <Strip />}
                        <main class="work" data-open={open} style={{ '--split': split.value * 100 + '%' }}>
                            <List />
                            {open && <Divider />}
                            {open && <Detail />}
                        </main>
                    </>
                )}
            </div>
            <Menus />
            <Palette />
            <Help />
            <Messages />
        </>
    );
}
