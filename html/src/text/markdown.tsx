// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The model's text as Markdown.  It is foreign: marked makes markup of it, and
// DOMPurify keeps what is harmless.  Nothing is fetched.

import DOMPurify from 'dompurify';
import { Marked } from 'marked';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { markdown } from '../state/prefs';

const longest = 200_000;
const safeLink = /^(?:https?:|mailto:)/i;
const safeImage = /^data:image\/(?:png|jpeg|gif|webp);base64,/i;

const purifier = DOMPurify(window);

purifier.addHook('afterSanitizeAttributes', (node) => {
    if (node.tagName === 'A') {
        const href = node.getAttribute('href') ?? '';

        if (safeLink.test(href)) {
            node.setAttribute('target', '_blank');
            node.setAttribute('rel', 'noopener noreferrer nofollow');
        } else {
            node.removeAttribute('href');
        }
    }

    if (node.tagName === 'IMG' && !safeImage.test(node.getAttribute('src') ?? '')) {
        const words = document.createElement('code');
        words.textContent = (node.getAttribute('alt') ?? '') + ' ' + (node.getAttribute('src') ?? '');
        node.replaceWith(words);
    }

    if (node.tagName === 'TABLE' || node.tagName === 'PRE') {
        node.setAttribute('tabindex', '0');
    }
});

const tags = [
    ...['a', 'b', 'blockquote', 'br', 'code', 'del', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'i', 'img', 'li'],
    ...['ol', 'p', 'pre', 's', 'strong', 'sub', 'sup', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul'],
];
const drawn = new RegExp(`^</?(?:${tags.join('|')})(?=[\\s/>])`, 'i');

// what is not drawn is read: prompts are full of tags, and answers of code
const readable = (html: string) =>
    html.replace(/</g, (_, at: number) => (drawn.test(html.slice(at, at + 16)) ? '<' : '&lt;'));

const parser = new Marked({
    gfm: true,
    async: false,
    renderer: {
        html: ({ text, block }) =>
            block && !drawn.test(text.trimStart())
                ? '<p>' + readable(text.trimEnd()).replace(/\n/g, '<br>') + '</p>'
                : readable(text),
    },
});

function harmless(text: string): DocumentFragment {
    return purifier.sanitize(parser.parse(text) as string, {
        RETURN_DOM_FRAGMENT: true,
        ALLOWED_TAGS: tags,
        ALLOWED_ATTR: ['href', 'src', 'alt', 'title', 'align', 'start'],
        ALLOW_DATA_ATTR: false,
        ALLOW_ARIA_ATTR: false,
    });
}

function Rendered({ text }: { text: string }) {
    const ref = useRef<HTMLDivElement>(null);

    useLayoutEffect(() => {
        ref.current?.replaceChildren(harmless(text));
    }, [text]);

    return <div ref={ref} class="prose" />;
}

export function Prose({ text }: { text: string }) {
    return markdown.value && text.length <= longest ? <Rendered text={text} /> : <div class="prose plain">{text}</div>;
}
