// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The first file of the page: starts routing, the store and the keys, then draws.

import '../style/all.css';
import { render } from 'preact';
import { App } from './shell';
import { followSelected } from '../state/loaded';
import { listenToKeys } from './keys';
import { startRouting } from './routes';
import { showSigns } from './signs';
import { start } from '../state/store';

const root = document.getElementById('app');

if (root !== null) {
    startRouting();
    showSigns();
    start();
    followSelected();
    listenToKeys();
    render(<App />, root);
}
