// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: somebody who cuts the zone's file under nginx (": > file", or
// logrotate's copytruncate) costs each worker its life once, at most.  The next
// worker goes on in memory, with one line in the log, and a reload makes a new
// file, with the records that were in memory.  A file that is deleted comes back
// with a reload, with all records.  A link to the file stays a link.
//
// Seen to fail with a module that did not look at the file's size: workers died
// without end, and a reload neither made a file nor kept the link.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { until } from '../e2e/lib/monitor.mjs';
import { client } from './lib/client.mjs';
import { portsOf, start } from './lib/servers.mjs';

const ports = portsOf(8);
const size = 8 * 1024 * 1024;

// each worker that is there dies once, and those that a reload finds

const workers = 2;

let run, file;

before(async () => {
    run = await start(ports, {
        workers, zone: '8m', entries: '100 file=history', level: 'notice',
        locations: `
        location / {
            proxy_pass  http://127.0.0.1:${ports.upstream};
        }`,
    });

    file = path.join(run.nginx.prefix, 'history');

    run.upstream.otherwise = async (peer) => {
        await peer.body();
        await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'
                        + 'Connection: close\r\n\r\n{}');
        peer.fin();
    };
});

after(() => run?.stop());


const children = () => {
    const { pid } = run.nginx.child;

    return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
        .trim().split(' ').filter(Boolean).map(Number);
};

const lines = (pattern) => run.nginx.log.split('\n')
    .filter((line) => pattern.test(line)).length;
const deaths = () => lines(/exited on signal/);
const inMemory = () => lines(/\[crit\].*history" was cut, the history is in/);

const leaving = (pid) =>
    run.nginx.log.includes(` ${pid}#${pid}: gracefully shutting down`);

async function reload() {
    const old = new Set(children());

    run.nginx.child.kill('SIGHUP');
    await until('new workers', children, (pids) =>
        pids.length === workers && pids.every((pid) => !old.has(pid)));
}

async function exchange(id) {
    const c = client('h1', ports.recorded);

    await c.begin('POST', `/?case=${id}`, 2);
    await c.send(Buffer.from('{}'));
    await c.finish();
    await c.answer.seen(Infinity);
    c.end();

    return c.answer.complete;
}

// one after the other, so that each has its record

async function exchanges(prefix, count) {
    for (let n = 0; n < count; n++) {
        assert.ok(await exchange(`${prefix}${n}`), `${prefix}${n}`);
    }
}

async function recorded(prefix) {
    const list = await run.monitor.list({ page_size: 1000 });

    return list.items.filter(({ uri }) => uri.includes(`case=${prefix}`))
        .length;
}

// as many clients as would find every worker dead, until "done"

async function load(done) {
    let going = true;
    const clients = Array.from({ length: 8 }, async (_, k) => {
        for (let n = 0; going; n++) {
            await exchange(`load${k}.${n}`);
        }
    });

    try {
        await done();
    } finally {
        going = false;
        await Promise.all(clients);
    }
}

// fault 53

for (const how of ['cut', 'cut and grown', 'cut to a part']) {
    test(`the file under nginx: ${how}`, async () => {
        const before = [deaths(), inMemory()];
        const inode = fs.statSync(file).ino;

        await exchanges('before', 10);

        await load(async () => {
            fs.truncateSync(file, how === 'cut to a part' ? size / 32 : 0);

            if (how === 'cut and grown') {
                fs.truncateSync(file, size);
            }

            await until('the line in the log', inMemory,
                        (n) => n > before[1]);
        });

        // it serves and records, and nobody dies any more

        await until('workers', children, (pids) => pids.length === workers);

        const died = deaths();

        assert.ok(died - before[0] <= workers, `${died - before[0]} died`);

        await load(() => exchanges('memory', 30));
        await run.monitor.idle();
        assert.equal(deaths(), died);
        assert.ok(inMemory() - before[1] === 1, 'one line');

        // a reload makes the file again

        await exchanges('kept', 10);
        await run.monitor.idle();
        assert.equal(await recorded('kept'), 10);

        await reload();
        assert.ok(fs.statSync(file).size >= size - 65536);
        assert.notEqual(fs.statSync(file).ino, inode);
        assert.equal(await recorded('kept'), 10);
        assert.equal(deaths(), died);

        await exchanges('after', 10);
        assert.equal(await recorded('after'), 10);

        await run.monitor.post('/api/clear');
    });
}

test('the file under nginx: deleted, then a reload', async () => {
    await exchanges('deleted', 10);
    fs.unlinkSync(file);
    await exchanges('without', 10);
    await reload();
    assert.ok(lines(/\[warn\].*history" was deleted, a new one is made/) === 1);
    assert.ok(fs.statSync(file).size > 0);
    assert.equal(await recorded('deleted'), 10);
    assert.equal(await recorded('without'), 10);

    // which is not noticed a second time

    await reload();
    assert.ok(lines(/was deleted/) === 1);
});

test('the file under nginx: a link stays one', async () => {
    const target = path.join(run.nginx.prefix, 'elsewhere', 'zone');
    const conf = path.join(run.nginx.prefix, 'nginx.conf');
    const edit = (from, to) => fs.writeFileSync(
        conf, fs.readFileSync(conf, 'utf8').replace(from, to));
    const linked = () => fs.lstatSync(path.join(run.nginx.prefix, 'link'))
        .isSymbolicLink() && fs.statSync(target).size;

    // one that leads nowhere yet, and then to a file of another size

    fs.mkdirSync(path.dirname(target));
    fs.symlinkSync('elsewhere/zone', path.join(run.nginx.prefix, 'link'));
    await exchanges('linked', 10);

    edit('file=history', 'file=link');
    await reload();

    const small = linked();

    assert.ok(small > 0, 'dangling');
    edit('test:8m', 'test:16m');
    await reload();
    assert.ok(linked() > small, 'another size');
    assert.equal(await recorded('linked'), 10);
});

test('the file under nginx: nothing else went wrong', () => {
    assert.deepEqual(run.nginx.complaints(
        /exited on signal|was cut, the history is in memory only/), []);
});
