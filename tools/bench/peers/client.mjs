// Data channel clients on libdatachannel, for `./dev bench rtc`: client.mjs URL CLIENTS SECONDS. Each sends 40
// bytes 30 times a second and reads the answers. Prints a line when all are open, and one JSON object at the end.
import rtc from 'node-datachannel';

const [url, count, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const UP_BYTES = 40;
const RATE = 30;
const held = []; // Without a reference they are collected, and close.
const clients = [];
let sent = 0;
let received = 0;
let bytes = 0;

const late = (ms) => new Promise((_, reject) => setTimeout(() => reject(new Error(`not open after ${ms} ms`)), ms).unref());

async function connect(index) {
    const connection = new rtc.PeerConnection(`client-${index}`, { iceServers: [], bindAddress: '127.0.0.1' });
    const gathered = new Promise((resolve) => {
        connection.onGatheringStateChange((state) => state === 'complete' && resolve());
    });
    const channel = connection.createDataChannel('state', { unordered: true, maxRetransmits: 0 });
    const client = { connection, channel };
    held.push(client);
    const opened = new Promise((resolve) => channel.onOpen(resolve));
    channel.onMessage((message) => {
        received += 1;
        bytes += message.length;
    });
    await gathered;
    const response = await fetch(`${url}/offer`, { method: 'POST', body: connection.localDescription().sdp });
    if (!response.ok) throw new Error(await response.text());
    const sdp = await response.text();
    connection.setRemoteDescription(sdp, 'answer');
    await Promise.race([opened, late(5000)]);
    clients.push(client);
}

// libdatachannel 0.24 now and then loses its ICE transport while it reads an answer: then once more.
for (let tries = 0; clients.length < count && tries < 5 * count; tries += 1) {
    await connect(tries).catch((error) => console.error(String(error)));
}
console.log('open');
const message = Buffer.alloc(UP_BYTES, 7);
const start = performance.now();
let turn = 0;
const timer = setInterval(() => {
    const due = ((performance.now() - start) / 1000) * RATE * count;
    for (; turn < due; turn += 1) {
        if (clients[turn % count].channel.sendMessageBinary(message)) sent += 1;
    }
    if (performance.now() - start < seconds * 1000) return;
    clearInterval(timer);
    console.log(JSON.stringify({ sent, received, bytes, seconds }));
    process.exit(0);
}, 4);
