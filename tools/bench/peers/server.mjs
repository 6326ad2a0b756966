// The peer of `./dev bench rtc`: a data channel server on libdatachannel that answers every message
// with 400 bytes that begin with it. POST /offer takes SDP and gives SDP; GET /open says how many are.
import { createServer } from 'node:http';
import rtc from 'node-datachannel';

const DOWN_BYTES = 400;
const peers = new Map(); // Without a reference they are collected, and their connection ends.
let open = 0;

function accept(sdp) {
    return new Promise((resolve, reject) => {
        const id = `peer-${peers.size}`;
        const connection = new rtc.PeerConnection(id, { iceServers: [], bindAddress: '127.0.0.1' });
        const peer = { connection };
        peers.set(id, peer);
        connection.onGatheringStateChange((state) => {
            if (state === 'complete') resolve(connection.localDescription().sdp);
        });
        connection.onDataChannel((channel) => {
            peer.channel = channel;
            open += 1;
            const answer = Buffer.alloc(DOWN_BYTES);
            channel.onMessage((message) => {
                message.copy(answer);
                channel.sendMessageBinary(answer);
            });
            channel.onClosed(() => {
                open -= 1;
            });
        });
        setTimeout(() => reject(new Error('no candidates within 5 s')), 5000).unref();
        connection.setRemoteDescription(sdp, 'offer');
    });
}

const server = createServer((request, response) => {
    if (request.method === 'GET') {
        response.end(JSON.stringify({ open }));
        return;
    }
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
        accept(body).then(
            (sdp) => response.end(sdp),
            (error) => {
                response.statusCode = 500;
                response.end(String(error));
            },
        );
    });
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
