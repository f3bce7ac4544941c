/** The preload library as a program sees it that asks IPVS: its sockets behave as netlink sockets do. */
import t from 'tap'
import { GENL_MAX_ID } from '../../../src/ipvs/codec/genetlink.js'
import { type Answer, emptyAnswer } from '../../lib/fake-ipvs.js'
import { attribute, doneAnswer, generic, type Message, message, NLM_F_MULTI } from '../../lib/netlink-message.js'
import { execute } from '../../lib/process.js'
import { buildProbe, fakeIpvs } from './fixture.js'

/** 1,000 messages of different lengths, the end included. */
function longAnswer(request: Message): Answer {
  const messages = Array.from({ length: 999 }, (_, i) =>
    message(GENL_MAX_ID, NLM_F_MULTI, request, generic(1, attribute(1, Buffer.alloc(i)))),
  )
  return [...messages, doneAnswer(request)]
}

const checks: [name: string, what: string, answer?: (request: Message) => Answer][] = [
  ['datagrams', 'one message a call: MSG_PEEK, MSG_TRUNC, scattered, cut, the source'],
  ['identity', 'port id, options, flags and timeouts stay, and errno'],
  ['nonblocking', 'poll() waits, and a descriptor that does not block says EAGAIN'],
  ['epoll', 'a place in an epoll set stays'],
  ['others', 'other families over the same descriptor'],
  ['lookalikes', 'what only looks like a request goes where it is sent'],
  ['options', 'the socket options of IPVS do not reach the kernel'],
  ['patience', 'the timeout of the program holds for a director that stands still', () => []],
  ['processes', 'dup, close, fork and exec'],
  ['threads', 'several threads with sockets of their own'],
  ['shared', 'several threads with one socket', longAnswer],
  ['signals', 'handlers that write to a pipe'],
  ['addresses', 'bad addresses are an error'],
  ['lengths', 'messages longer than any request'],
  ['at once', 'the answer is there when the request is sent'],
]

t.test('a netlink socket', async (t) => {
  const probe = await buildProbe(t)
  for (const [name, what, answer = emptyAnswer] of checks) {
    const fake = await fakeIpvs(t)
    fake.answer = answer
    t.same(await execute(probe, [name], { env: fake.env }), { status: 0, stdout: '', stderr: '' }, what)
  }
})

t.test('a message that comes byte by byte is received as one', async (t) => {
  const probe = await buildProbe(t)
  const fake = await fakeIpvs(t)
  fake.answer = (request) =>
    (emptyAnswer(request) as readonly Buffer[]).flatMap((each) => [...each].map((byte) => Buffer.of(byte)))
  t.same(await execute(probe, ['datagrams'], { env: fake.env }), { status: 0, stdout: '', stderr: '' })
})
