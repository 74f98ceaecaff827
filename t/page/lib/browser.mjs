// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Chromium for the tests of the page.  Its pages note each error and each request
// that should not happen.

import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

export const launch = () =>
    chromium.launch({
        executablePath,
        args: [
            '--no-sandbox',
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
        ],
    });

// A page that takes note of whatever should not happen: errors, requests to
// elsewhere, dialogs, scripts of a record.
export async function visit(
    browser,
    url,
    { hash = '', width = 1440, height = 900, dark = false, locale = 'en-US', timezoneId, bypassCSP = false } = {},
) {
    const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: dark ? 'dark' : 'light',
        locale,
        timezoneId,
        bypassCSP,
    });
    const page = await context.newPage();
    const wrong = [];

    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(url).origin });
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (e) => wrong.push('error: ' + e.message));
    page.on('console', (m) => {
        if (m.type() === 'error' && !/status of 4\d\d|ERR_|Failed to fetch/.test(m.text())) {
            wrong.push('console: ' + m.text());
        }
    });
    page.on('request', (r) => {
        if (!r.url().startsWith(url) && !/^(data|blob):/.test(r.url())) {
            wrong.push('request: ' + r.url());
        }
    });

    await page.goto(url + (hash === '' ? '' : '#' + new URLSearchParams(hash)));
    await page.locator('.bar').waitFor();

    return { page, wrong, close: () => context.close() };
}

// a browser that is busy may say that a click is done before the page has seen
// it: tried again until it holds, or ten seconds are over
export async function soon(check) {
    const end = Date.now() + 10_000;

    for (;;) {
        try {
            return await check();
        } catch (e) {
            if (e.code !== 'ERR_ASSERTION' || Date.now() > end) {
                throw e;
            }
        }

        await new Promise((done) => setTimeout(done, 20));
    }
}

export const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
