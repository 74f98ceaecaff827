// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The help: the keys, and the query language by example.

import { t } from '../text/i18n';
import { Button, Dialog } from '../ui/parts';
import { keyTable } from './keys';
import { help } from './overlays';

const examples: [string, Parameters<typeof t>[0]][] = [
    ['timeout "exact words"', 'queryWords'],
    ['status:5xx  status:>=400', 'queryStatus'],
    ['model:gpt-4o*  path:/v1/chat*', 'queryFields'],
    ['time:>2026-11-25T10:00  age:<5m', 'queryBegan'],
    ['latency:>2s  ttft:>500ms', 'queryTimes'],
    ['tokens:>10k  cost:>0.01  size:>1M', 'queryAmounts'],
    ['is:running  is:error  is:aborted', 'queryIs'],
    ['has:tool_calls  has:reasoning', 'queryHas'],
    ['in:request  in:response', 'queryIn'],
    ['header.x-request-id:abc', 'queryHeader'],
    ['~/inv[0-9]+/', 'queryRegex'],
    ['-is:ok  (model:a OR model:b)', 'queryNot'],
];

export function Help() {
    if (!help.value) {
        return null;
    }

    const close = () => {
        help.value = false;
    };

    return (
        <Dialog label={t('help')} close={close} class="help">
            <header>
                <h2>{t('help')}</h2>
                <Button icon="close" label={t('close')} onClick={close} />
            </header>
            <div class="help-columns">
                <section>
                    <h3>{t('keyboard')}</h3>
                    <dl>
                        {keyTable.map((k) => (
                            <div key={k.shown}>
                                <dt>
                                    <kbd>{k.shown}</kbd>
                                </dt>
                                <dd>{t(k.label)}</dd>
                            </div>
                        ))}
                        <div>
                            <dt>
                                <kbd>Ctrl K</kbd>
                            </dt>
                            <dd>{t('commands')}</dd>
                        </div>
                    </dl>
                </section>
                <section>
                    <h3>{t('queryLanguage')}</h3>
                    <dl class="stacked">
                        {examples.map(([q, label]) => (
                            <div key={q}>
                                <dt>
                                    <code>{q}</code>
                                </dt>
                                <dd>{t(label)}</dd>
                            </div>
                        ))}
                    </dl>
                </section>
            </div>
        </Dialog>
    );
}
