// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

import './app.css';
import { render } from 'preact';
import { App } from './app';
import { followSelected } from './detail_data';
import { listenToKeys } from './keys';
import { startRouting } from './routes';
import { showSigns } from './signs';
import { start } from './state';

const root = document.getElementById('app');

if (root !== null) {
    startRouting();
    showSigns();
    start();
    followSelected();
    listenToKeys();
    render(<App />, root);
}
