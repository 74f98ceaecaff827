// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Chromium's own DevTools: its code reads a HAR file as its network panel does.
// real.test.mjs uses it.

// the requests that DevTools finds in the text of a HAR file

export async function requestsOfHar(browser, text) {
    const cdp = await browser.newBrowserCDPSession();
    const root = 'devtools://devtools/bundled/';
    const { targetId } = await cdp.send('Target.createTarget', { url: root + 'devtools_app.html' });
    const { sessionId } = await cdp.send('Target.attachToTarget', { targetId, flatten: false });

    const expression = `(async () => {
        const HAR = await import('${root}models/har/har.js');
        const file = new HAR.HARFormat.HARRoot(JSON.parse(${JSON.stringify(text)}));
        return HAR.Importer.Importer.requestsFromHARLog(file.log).map((q) => ({
            method: q.requestMethod, url: q.url(), status: q.statusCode, type: q.mimeType,
            seconds: q.duration, bytes: q.resourceSize,
        }));
    })()`;

    const answered = new Promise((done) => {
        cdp.on('Target.receivedMessageFromTarget', (event) => done(JSON.parse(event.message).result));
    });

    await cdp.send('Target.sendMessageToTarget', {
        sessionId,
        message: JSON.stringify({
            id: 1,
            method: 'Runtime.evaluate',
            params: { expression, awaitPromise: true, returnByValue: true },
        }),
    });

    const { result, exceptionDetails } = await answered;

    await cdp.send('Target.closeTarget', { targetId });
    await cdp.detach();

    if (exceptionDetails) {
        throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }

    return result.value;
}
