// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

import './app.css';
import { render } from 'preact';

const root = document.getElementById('app');

if (root !== null) {
    render(<h1>openai monitor</h1>, root);
}
