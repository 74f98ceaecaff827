// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Every string of the page, in each of its languages.  A key that a language
// lacks does not compile.  "{n}" is replaced; "{n:one|many}" counts.

import { computed } from '@preact/signals';
import { isOneOf, remembered } from './prefs';

const en = {
    requests: 'Requests', stats: 'Statistics', search: 'Search', detail: 'Detail', overview: 'Overview', shown: 'What the list shows',
    language: 'Language', otherLanguage: '切换到中文', theme: 'Change colours', themeAuto: 'Colours: as the system', themeLight: 'Colours: light', themeDark: 'Colours: dark',
    more: 'More', help: 'Help', close: 'Close', copy: 'Copy', copied: 'Copied', notCopied: 'The browser did not allow copying', retry: 'Try again',
    loading: 'Loading…', commands: 'Commands', now: 'now', yes: 'yes', no: 'no', none: 'none', raw: 'Raw', tree: 'Tree', shape: 'Shape of the body',
    divider: 'Width of the detail', cancel: 'Cancel', download: 'Download', link: 'Link', id: 'Id', host: 'Host', image: 'Image', audio: 'Audio',

    live: 'Live', paused: 'Paused', connecting: 'Connecting', offline: 'Offline', badQuery: 'Bad query', pause: 'Pause', resume: 'Resume', reconnect: 'Reconnect now', reconnecting: 'Connecting to the monitor…',
    newOnes: '{n} new', toTop: 'To the newest', runningNow: '{n} running', titleRunning: '{n} running', titleErrors: '{n:error|errors}',

    searchHint: 'Search, or status:5xx model:gpt-4o* latency:>2s', completions: 'Completions', clearFilter: 'Clear the filter', filter: 'Filter', searchFor: 'Search for “{q}”',
    filterValue: 'Filter by this value', only: 'Only {v}', without: 'Without {v}', dropFilter: 'Drop this filter', copyValue: 'Copy the value', chipHint: 'Click: only these. Shift-click: without these.',
    noMatch: 'No request matches.', histogram: '{n:request|requests} over time, {errors} failed. Drag to pick a range.', wholeTime: 'Whole time',

    emptyTitle: 'Nothing has passed yet', emptyText: 'Point a client at this address, and its requests appear here while they run:', copyAddress: 'Copy the address', listening: 'Listening on {where}',

    columns: 'Columns', standardColumns: 'Standard columns', status: 'Status', time: 'Time', endpoint: 'Endpoint', endpoints: 'Endpoints', model: 'Model', models: 'Models', stream: 'Stream',
    finish: 'Finish', ttft: 'TTFT', ttftLong: 'Time to first token', duration: 'Duration', tokens: 'Tokens', tokensIn: 'Input', tokensOut: 'Output', tokensInOut: 'Tokens in → out', reasoning: 'reasoning', reasoningTokens: 'Reasoning',
    rate: 'Tok/s', rateLong: 'Output tokens per second, from the first token to the last', cost: 'Cost', toolCalls: 'Tool calls', thread: 'Thread', session: 'Session', client: 'Client',
    userAgent: 'User agent', keyShort: 'Key', upstream: 'Upstream', messages: 'messages', size: 'Size', user: 'User', provider: 'Provider', tier: 'Tier', cached: 'cached', written: 'written',
    cachedOf: '{n} of {of} input tokens came from the cache', estimated: 'Estimated: the upstream gave no usage', success: 'Success', p50: 'p50', p50Long: 'Half of the requests took no longer',

    failed: 'failed', bufferedNote: 'The upstream streamed, but the proxy held the stream back in its buffers.', keptLess: 'The record keeps less than what passed.',
    fromCache: 'Answered from the proxy\'s cache.', retryNote: 'The client sent this again: retry {n}.', keptOf: 'Kept {kept} of {all}.',

    secondsAgo: '{n} s ago', minutesAgo: '{n} min ago', hoursAgo: '{n} h ago', daysAgo: '{n} d ago',

    system: 'System', answer: 'Answer', reasoningTitle: 'Reasoning', result: 'Result', settings: 'Settings', toolsDefined: 'Tools', toDefinition: 'To the definition', nothingSaid: 'Nothing but a turn', refusal: 'Refused',
    earlier: '{n:earlier message|earlier messages}', copyAnswer: 'Copy the answer', waitingForAnswer: 'Waiting for the answer…', noConversation: 'This request is not a conversation.',
    noBody: 'There was no body.', notFetched: 'Elsewhere, not fetched:', decoded: 'shown decoded', moreCharacters: '… {n} more characters', moreItems: '{n} more', moreText: 'Show more of {n}',
    items: '{n:item|items}', members: '{n:member|members}',

    events: 'Events', gap: '{d} gap', gaps: '{n:gap|gaps} over {d}', eventNumber: 'Event {n}', eventsOverTime: 'Events over time', bytesOverTime: 'Bytes over time', notStreamed: 'The answer was not streamed.',

    noTiming: 'No times are known.', waterfall: 'Phases of the exchange', phase: 'Phase', took: 'Took', until: 'At', timeRequest: 'Request received', timeConnect: 'Connect', timeHeader: 'Upstream header',
    timeFirstByte: 'First byte', timeFirstToken: 'First token', timeTokens: 'Tokens', timeLastByte: 'Last byte', timeEnd: 'To the client', longestGap: 'Longest gap', pieces: 'Pieces', processing: 'Upstream processing',
    attempts: 'Upstream attempts', sent: 'Sent', received: 'Received',

    compareWith: 'Compare with', openOther: 'Open it', firstOfThread: 'The first request of its thread. Pick another one to compare with.', change: 'Change', sameMessages: 'Same messages', same: 'same', changed: 'changed',
    added: 'added', removed: 'removed', expected: 'expected', cacheMissed: 'The prompt cache was missed:', messagesSame: '{n:message|messages} unchanged', noChange: 'Nothing changed.', endOfThread: 'No further request in this thread',

    identity: 'Identity', responseId: 'Response id', upstreamRequestId: 'Upstream request id', rateLimit: 'Rate limits', usageRaw: 'Usage, as the upstream wrote it',

    repeat: 'Repeat', repeatText: 'Through this proxy. The key comes from your environment; it was never stored.', files: 'Files', filesText: 'Secrets are absent because they were never stored.', htmlFile: 'HTML, self-contained',
    copyLink: 'Copy link', exportHar: 'Export as HAR', exportJsonl: 'Export as JSONL', exportCsv: 'Export as CSV', clearHistory: 'Clear the history…', clearQuestion: 'Forget all records? This cannot be undone.', cleared: 'The history was cleared',
    cancelled: 'Cancelled', notRunning: 'This request is not running',

    windowLabel: 'Window', since: 'since', reset: 'Reset…', resetQuestion: 'Set the statistics back to zero?', wasReset: 'The statistics were reset', errors: 'Errors', aborted: 'Aborted', mean: 'Mean', weighted: 'weighted by tokens',
    unpriced: '{n} without a price', bytesMoved: 'Received', sentOf: '{n} sent', cachedLabel: 'Cached', spread: 'Spread', outcomes: 'Outcomes', latency: 'Latency', keys: 'Client keys', peers: 'Upstream peers', zone: 'Zone', records: 'records', others: 'all others',
    evicted: 'Evicted', dropped: 'Dropped', cutShort: 'Kept in part', heals: 'Heals', workersDied: 'Dead workers',

    keyboard: 'Keyboard', queryLanguage: 'Query language', paletteHint: 'Command, model or text', goTo: 'Go to',
    keySearch: 'Search', keyNext: 'Next request', keyPrevious: 'Previous request', keyTenDown: 'Ten down', keyTenUp: 'Ten up', keyFirst: 'First request', keyLast: 'Last request', keyOpen: 'Open', keyClose: 'Close',
    keyThreadBack: 'Previous in the thread', keyThreadOn: 'Next in the thread', keyTabs: 'Tabs', keyDiff: 'Difference', keyCurl: 'Copy as cURL', keyCancel: 'Cancel the running request', keyPause: 'Pause or resume',
    keyMarkdown: 'Markdown on or off', keyStats: 'Statistics', keyHelp: 'This help',
    queryWords: 'in the URL, the models and the bodies', queryStatus: 'status, or a class of it', queryFields: 'a field; * stands for anything', queryTimes: 'longer than', queryAmounts: 'more than',
    queryIs: 'a state', queryHas: 'a content', queryIn: 'where the words are looked for', queryHeader: 'a header contains', queryRegex: 'a regular expression', queryNot: 'not; either',

    'tab.conversation': 'Conversation', 'tab.request': 'Request', 'tab.response': 'Response', 'tab.stream': 'Stream', 'tab.timing': 'Timing', 'tab.diff': 'Diff', 'tab.headers': 'Headers', 'tab.export': 'Export',
    'window.5m': '5 min', 'window.1h': '1 h', 'window.24h': '24 h', 'window.all': 'All',

    'outcome.running': 'running', 'outcome.ok': 'ok', 'outcome.upstream_error': 'upstream error', 'outcome.client_aborted': 'client aborted', 'outcome.truncated': 'truncated', 'outcome.rejected': 'rejected',
    'outcome.timeout': 'timeout', 'outcome.upgraded': 'upgraded', 'outcome.shutdown': 'shut down', 'outcome.worker_died': 'worker died',
    'explain.running': '', 'explain.ok': '', 'explain.upstream_error': 'The upstream failed or could not be reached.', 'explain.client_aborted': 'The client went away before the answer had ended.',
    'explain.truncated': 'The upstream ended the answer before its end.', 'explain.rejected': 'The proxy refused the request.', 'explain.timeout': 'The upstream did not answer in time.', 'explain.upgraded': '',
    'explain.shutdown': 'The proxy was stopped meanwhile.', 'explain.worker_died': 'The worker process ended unexpectedly; the record holds what had passed.',
} as const;

export type Text = keyof typeof en;

const zh: Record<Text, string> = {
    requests: '请求', stats: '统计', search: '搜索', detail: '详情', overview: '概览', shown: '列表当前内容',
    language: '语言', otherLanguage: 'Switch to English', theme: '切换配色', themeAuto: '配色：跟随系统', themeLight: '配色：浅色', themeDark: '配色：深色',
    more: '更多', help: '帮助', close: '关闭', copy: '复制', copied: '已复制', notCopied: '浏览器不允许复制', retry: '重试',
    loading: '加载中…', commands: '命令', now: '刚刚', yes: '是', no: '否', none: '无', raw: '原文', tree: '树', shape: '正文的显示方式',
    divider: '详情栏宽度', cancel: '取消', download: '下载', link: '链接', id: '编号', host: '主机', image: '图片', audio: '音频',

    live: '实时', paused: '已暂停', connecting: '连接中', offline: '已断开', badQuery: '查询有误', pause: '暂停', resume: '继续', reconnect: '立即重连', reconnecting: '正在连接监视器…',
    newOnes: '{n} 条新请求', toTop: '回到最新', runningNow: '{n} 个进行中', titleRunning: '{n} 个进行中', titleErrors: '{n} 个错误',

    searchHint: '搜索，或 status:5xx model:gpt-4o* latency:>2s', completions: '补全', clearFilter: '清除筛选', filter: '筛选', searchFor: '搜索“{q}”',
    filterValue: '按此值筛选', only: '只看 {v}', without: '排除 {v}', dropFilter: '去掉此筛选', copyValue: '复制此值', chipHint: '点击：只看这些。Shift 点击：排除这些。',
    noMatch: '没有匹配的请求。', histogram: '{n} 个请求随时间的分布，{errors} 个失败。拖动可选择时间段。', wholeTime: '全部时间',

    emptyTitle: '还没有请求经过', emptyText: '让客户端使用下面的地址，请求在进行时就会出现在这里：', copyAddress: '复制地址', listening: '正在监听 {where}',

    columns: '列', standardColumns: '默认列', status: '状态', time: '时间', endpoint: '接口', endpoints: '接口', model: '模型', models: '模型', stream: '流式',
    finish: '结束', ttft: '首词元', ttftLong: '首个词元的等待时间', duration: '耗时', tokens: '词元', tokensIn: '输入', tokensOut: '输出', tokensInOut: '词元 入 → 出', reasoning: '推理', reasoningTokens: '推理',
    rate: '词元/秒', rateLong: '从首个到最后一个词元，每秒输出的词元数', cost: '费用', toolCalls: '工具调用', thread: '会话链', session: '会话', client: '客户端',
    userAgent: '客户端软件', keyShort: '密钥', upstream: '上游', messages: '条消息', size: '大小', user: '用户', provider: '提供方', tier: '等级', cached: '缓存', written: '写入',
    cachedOf: '{of} 个输入词元中有 {n} 个来自缓存', estimated: '估计值：上游没有给出用量', success: '成功率', p50: 'p50', p50Long: '一半的请求不超过此耗时',

    failed: '失败', bufferedNote: '上游是流式返回，但代理把数据积在了缓冲区里。', keptLess: '记录保存的内容少于实际经过的内容。',
    fromCache: '由代理缓存直接应答。', retryNote: '客户端重发了此请求：第 {n} 次重试。', keptOf: '保存了 {all} 中的 {kept}。',

    secondsAgo: '{n} 秒前', minutesAgo: '{n} 分钟前', hoursAgo: '{n} 小时前', daysAgo: '{n} 天前',

    system: '系统提示', answer: '回答', reasoningTitle: '推理过程', result: '结果', settings: '设置', toolsDefined: '工具', toDefinition: '查看定义', nothingSaid: '没有内容', refusal: '已拒绝',
    earlier: '更早的 {n} 条消息', copyAnswer: '复制回答', waitingForAnswer: '等待回答…', noConversation: '此请求不是对话。',
    noBody: '没有正文。', notFetched: '位于别处，未获取：', decoded: '已解码显示', moreCharacters: '… 还有 {n} 个字符', moreItems: '还有 {n} 项', moreText: '继续显示，剩余 {n}',
    items: '{n} 项', members: '{n} 个成员',

    events: '事件', gap: '停顿 {d}', gaps: '{n} 次停顿超过 {d}', eventNumber: '第 {n} 个事件', eventsOverTime: '事件随时间的变化', bytesOverTime: '字节随时间的变化', notStreamed: '回答不是流式的。',

    noTiming: '没有时间数据。', waterfall: '请求的各个阶段', phase: '阶段', took: '用时', until: '时刻', timeRequest: '收到请求', timeConnect: '连接', timeHeader: '上游响应头',
    timeFirstByte: '首字节', timeFirstToken: '首个词元', timeTokens: '输出词元', timeLastByte: '末字节', timeEnd: '发给客户端', longestGap: '最长停顿', pieces: '数据块', processing: '上游处理',
    attempts: '上游尝试', sent: '发送', received: '接收',

    compareWith: '对比', openOther: '打开它', firstOfThread: '这是会话链的第一个请求。请选择另一个来对比。', change: '变化', sameMessages: '相同消息', same: '相同', changed: '已改变',
    added: '新增', removed: '移除', expected: '预期', cacheMissed: '提示缓存未命中：', messagesSame: '{n} 条消息未变', noChange: '没有变化。', endOfThread: '此会话链没有更多请求',

    identity: '标识', responseId: '响应编号', upstreamRequestId: '上游请求编号', rateLimit: '速率限制', usageRaw: '上游给出的用量原文',

    repeat: '重放', repeatText: '经由本代理。密钥取自您的环境变量，从未被保存。', files: '文件', filesText: '其中没有密钥，因为密钥从未被保存。', htmlFile: 'HTML 独立文件',
    copyLink: '复制链接', exportHar: '导出 HAR', exportJsonl: '导出 JSONL', exportCsv: '导出 CSV', clearHistory: '清空历史…', clearQuestion: '要删除所有记录吗？此操作无法撤销。', cleared: '历史已清空',
    cancelled: '已取消', notRunning: '此请求不在进行中',

    windowLabel: '时间窗口', since: '自', reset: '重置…', resetQuestion: '要把统计归零吗？', wasReset: '统计已重置', errors: '错误', aborted: '中断', mean: '平均', weighted: '按词元加权',
    unpriced: '{n} 个没有价格', bytesMoved: '接收', sentOf: '发送 {n}', cachedLabel: '缓存', spread: '分布', outcomes: '结果', latency: '延迟', keys: '客户端密钥', peers: '上游节点', zone: '共享内存区', records: '条记录', others: '其余',
    evicted: '已淘汰', dropped: '已丢弃', cutShort: '部分保存', heals: '修复', workersDied: '进程死亡',

    keyboard: '键盘', queryLanguage: '查询语言', paletteHint: '命令、模型或文字', goTo: '转到',
    keySearch: '搜索', keyNext: '下一个请求', keyPrevious: '上一个请求', keyTenDown: '向下十行', keyTenUp: '向上十行', keyFirst: '第一个请求', keyLast: '最后一个请求', keyOpen: '打开', keyClose: '关闭',
    keyThreadBack: '会话链中的上一个', keyThreadOn: '会话链中的下一个', keyTabs: '标签页', keyDiff: '差异', keyCurl: '复制为 cURL', keyCancel: '取消进行中的请求', keyPause: '暂停或继续',
    keyMarkdown: '开关 Markdown', keyStats: '统计', keyHelp: '本帮助',
    queryWords: '在网址、模型和正文中', queryStatus: '状态码或其类别', queryFields: '某个字段；* 代表任意内容', queryTimes: '长于', queryAmounts: '多于',
    queryIs: '某种状态', queryHas: '某种内容', queryIn: '在何处搜索', queryHeader: '标头包含', queryRegex: '正则表达式', queryNot: '排除；任一',

    'tab.conversation': '对话', 'tab.request': '请求', 'tab.response': '响应', 'tab.stream': '流', 'tab.timing': '时序', 'tab.diff': '差异', 'tab.headers': '标头', 'tab.export': '导出',
    'window.5m': '5 分钟', 'window.1h': '1 小时', 'window.24h': '24 小时', 'window.all': '全部',

    'outcome.running': '进行中', 'outcome.ok': '成功', 'outcome.upstream_error': '上游错误', 'outcome.client_aborted': '客户端中断', 'outcome.truncated': '被截断', 'outcome.rejected': '被拒绝',
    'outcome.timeout': '超时', 'outcome.upgraded': '已升级', 'outcome.shutdown': '已停机', 'outcome.worker_died': '进程死亡',
    'explain.running': '', 'explain.ok': '', 'explain.upstream_error': '上游失败或无法连接。', 'explain.client_aborted': '客户端在回答结束前离开了。',
    'explain.truncated': '上游提前结束了回答。', 'explain.rejected': '代理拒绝了此请求。', 'explain.timeout': '上游没有及时回答。', 'explain.upgraded': '',
    'explain.shutdown': '代理在此期间停止了。', 'explain.worker_died': '工作进程意外结束；记录保留了已经过的内容。',
};

export type Language = 'en' | 'zh';

const own = (): Language => {
    for (const l of navigator.languages) {
        if (/^zh\b/i.test(l)) {
            return 'zh';
        }

        if (/^en\b/i.test(l)) {
            return 'en';
        }
    }

    return 'en';
};

export const languageChoice = remembered<Language | 'auto'>('language', 'auto', isOneOf('auto', 'en', 'zh'));
export const lang = computed<Language>(() => languageChoice.value === 'auto' ? own() : languageChoice.value);

export function t(key: Text, values: Record<string, string | number> = {}): string {
    const text: string = lang.value === 'zh' ? zh[key] : en[key];

    return text.replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (_, name: string, single?: string, many?: string) => {
        const v = values[name] ?? '';
        return single === undefined ? String(v) : `${v} ${v === 1 ? single : many}`;
    });
}
