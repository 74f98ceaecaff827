// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// One record as an HTML file without script and network.  Text nodes hold all that
// comes from the record.  The tab Export offers it.

import { outcomeWord } from '../record/mark';
import { cost } from '../text/bound';
import { count, dash, duration, exact, pretty } from '../text/format';
import { lang, t } from '../text/i18n';
import type { Detail, ToolCall } from '../types';
import { systemText, turnText } from './conversation';

const style = `:root{color-scheme:light dark}body{font:14px/22px system-ui,sans-serif;max-width:860px;margin:32px auto;padding:0 16px}
h1{font-size:18px;line-height:28px}h2{font-size:12px;text-transform:uppercase;letter-spacing:.04em;opacity:.7;margin:24px 0 4px}
table{border-collapse:collapse}td,th{text-align:left;padding:2px 16px 2px 0;vertical-align:top;overflow-wrap:anywhere}th{font-weight:400;opacity:.7}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;padding:8px 12px;border:1px solid #8884;border-radius:6px;font:inherit}
pre.code{font:12px/18px ui-monospace,monospace}`;

export function standalone(r: Detail): string {
    const doc = document.implementation.createHTMLDocument('');
    const add = <K extends keyof HTMLElementTagNameMap>(name: K, text: string, to: Element = doc.body) => {
        const e = doc.createElement(name);
        e.textContent = text;
        to.append(e);
        return e;
    };
    const block = (title: string, text: string, code = false) => {
        if (text !== '') {
            add('h2', title);
            add('pre', text).className = code ? 'code' : '';
        }
    };
    const calls = (list: ToolCall[] | null) =>
        (list ?? []).forEach((c) => block('→ ' + (c.name ?? ''), pretty(c.arguments), true));

    const meta = doc.createElement('meta');
    meta.setAttribute('charset', 'utf-8');

    const policy = doc.createElement('meta');
    policy.setAttribute('http-equiv', 'Content-Security-Policy');
    policy.setAttribute('content', "default-src 'none'; style-src 'unsafe-inline'");

    doc.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en';
    doc.head.prepend(meta, policy);
    doc.title = (r.model ?? r.uri) + ' – ' + r.started_at;
    add('h1', (r.model ?? dash) + ' – ' + r.method + ' ' + r.uri);

    const table = doc.createElement('table');
    doc.body.append(table);

    const facts: [string, string][] = [
        [t('time'), exact(r.started_at)],
        [t('status'), `${r.status ?? dash} ${outcomeWord(r)}`],
        [t('duration'), duration(r.duration_ms)],
        [t('ttft'), duration(r.ttft_ms)],
        [t('tokensIn'), count(r.usage?.input_tokens)],
        [t('tokensOut'), count(r.usage?.output_tokens)],
        [t('cost'), cost(r)],
        [t('finish'), r.finish_reason ?? dash],
        [t('id'), r.id],
    ];

    facts.forEach(([name, value]) => {
        const row = doc.createElement('tr');
        table.append(row);
        add('th', name, row);
        add('td', value, row);
    });

    block(t('system'), systemText(r.conversation?.system));

    r.conversation?.messages?.forEach((m) => {
        block(m.role ?? dash, turnText(m));
        calls(m.tool_calls);
    });

    r.answer?.choices?.forEach((c) => {
        block(t('reasoningTitle'), c.reasoning ?? '');
        block(t('answer'), c.text ?? c.refusal ?? '');
        calls(c.tool_calls);
    });

    if (r.error !== null) {
        block(t('failed'), pretty(r.error), true);
    }

    block(t('tab.request'), r.request?.body_encoding === 'text' ? (r.request.body ?? '') : '', true);
    block(t('tab.response'), r.response?.body_encoding === 'text' ? (r.response.body ?? '') : '', true);

    // put in as text: this page's own policy forbids inline styles
    return '<!doctype html>\n' + doc.documentElement.outerHTML.replace('</head>', `<style>${style}</style></head>`);
}
