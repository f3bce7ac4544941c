import { attribute, u16 } from '../../lib/netlink-message.js'
import {
  address,
  be16,
  type Change,
  controller,
  dest,
  dumpFlags,
  ipvs,
  NLM_F_REQUEST,
  namesOf,
  raw,
  requestFlags,
  service,
  u32,
} from './requests.js'

const ack = requestFlags
const bytes = (length: number, value = 1) => Buffer.alloc(length, value)
const none = Buffer.alloc(0)

/** struct nlattr with any length in it. */
function claiming(length: number, type: number, payload: Buffer): Buffer {
  return Buffer.concat([u16(length), u16(type), payload])
}

const withoutEach = (names: readonly string[]) => names.map((name): Change => ({ [name]: undefined }))

/** What is refused, or taken, wherever a service is named. */
const oddNames: readonly Change[] = [
  ...withoutEach(namesOf.service.slice(0, 4)),
  ...[0, 28].map((af) => ({ af: attribute(1, u16(af)) })),
  { af: attribute(1, bytes(1)) },
  { protocol: attribute(2, none) },
  { addr: attribute(3, bytes(17)) },
  { port: attribute(4, bytes(1)) },
  { end: claiming(64, 6, bytes(8)) },
]

/** What is wrong with the rest of a service. */
const oddServices: readonly Change[] = [
  ...withoutEach(namesOf.service.slice(4)),
  { sched: attribute(6, '') },
  { sched: attribute(6, 'no-such') },
  { sched: attribute(6, 'sixteen-letters-') },
  { sched: attribute(6, Buffer.from('rr')) },
  { sched: attribute(6, none) },
  { flags: attribute(7, bytes(9, 0)) },
  { timeout: attribute(8, bytes(3)) },
  { pe: attribute(11, 'no-such') },
]

/** What is odd, and taken all the same. */
const takenServices: readonly Change[] = [
  { addr: attribute(3, address('192.0.2.240').subarray(0, 4)) },
  { port: attribute(4, Buffer.concat([be16(81), bytes(6)])) },
  { sched: attribute(6, 'rr\0junk') },
  { flags: attribute(7, bytes(3, 0)) },
  // A mask of 0: none of the flags counts.
  { flags: attribute(7, Buffer.concat([u32(0xffff_ffff), u32(0)])), stats: attribute(10, bytes(5)) },
  { unknown: attribute(99, bytes(5)), end: bytes(3) },
  { end: attribute(6, 'wrr') },
]

const oddDests: readonly Change[] = [
  ...withoutEach(namesOf.dest.slice(1)),
  { af: attribute(11, u16(28)) },
  ...['224.0.0.1', '255.255.255.255', '0.0.0.0'].map((each) => ({ addr: attribute(1, address(each)) })),
  { addr: attribute(1, bytes(17)) },
  { port: attribute(2, bytes(1)) },
  { method: attribute(3, bytes(2)) },
  { weight: attribute(4, u32(0x8000_0000)) },
  { lower: attribute(6, u32(1)) },
  { upper: attribute(5, bytes(3)) },
  { tunnel: attribute(13, none) },
  { tunnel: attribute(13, Buffer.from([1])), port2: attribute(14, be16(0)) },
]

const takenDests: readonly Change[] = [
  { af: undefined },
  { af: attribute(11, u16(0)) },
  { method: attribute(3, u32(2)), tunnel: attribute(13, Buffer.from([0])) },
  // What a client says of connections is not taken from a real server's flags.
  { method: attribute(3, u32(0xff03)) },
  { weight: attribute(4, u32(0)), active: attribute(7, u32(9)) },
  { weight: attribute(4, u32(0x7fff_ffff)), unknown: attribute(99, bytes(5)), end: bytes(2) },
  { addr: attribute(1, address('127.0.0.1')) },
]

const other: Change = { port: attribute(4, be16(81)) }
const otherDest: Change = { addr: attribute(1, address('10.0.0.12')) }

const serviceCommands = ['NEW_SERVICE', 'SET_SERVICE', 'DEL_SERVICE', 'GET_SERVICE', 'ZERO'] as const
const destCommands = ['NEW_DEST', 'SET_DEST', 'DEL_DEST'] as const

/** What is wrong with a service for a command on services, what is not there, and at last what is. */
function onServices(command: (typeof serviceCommands)[number]): Buffer[] {
  return [
    ipvs(command, ack),
    ...[none, bytes(2), bytes(5)].map((body) => ipvs(command, ack, attribute(1, body))),
    ipvs(command, ack, service(other)),
    ...oddServices.map((odd) => ipvs(command, ack, service(odd))),
    ...oddNames.map((odd) => ipvs(command, ack, service(odd))),
    ipvs(command, ack, service()),
  ]
}

/** The same of real servers. */
function onDests(command: (typeof destCommands)[number]): Buffer[] {
  return [
    ipvs(command, ack),
    ipvs(command, ack, service()),
    ipvs(command, ack, dest()),
    ipvs(command, ack, service(other), dest()),
    ipvs(command, ack, service(other), dest({ weight: undefined })),
    ipvs(command, ack, service(), attribute(2, none)),
    ipvs(command, ack, service(), attribute(2, bytes(2))),
    ...oddDests.map((odd) => ipvs(command, ack, service(), dest({ ...otherDest, ...odd }))),
    ...oddDests.map((odd) => ipvs(command, ack, service(), dest(odd))),
    ipvs(command, ack, service(), dest()),
    ipvs(command, ack, service({ sched: undefined, flags: undefined }), dest(otherDest)),
  ]
}

const timeouts = [
  [4, 10],
  [5, 0],
  [6, 0xffff_ffff],
  [4, 0x7fff_ffff],
  [4, 0x8000_0000],
  [5, 2_147_484],
  [6, 1],
] as const

/**
 * Requests that are wrong in some way, or nearly, in groups: before each of them tcp 192.0.2.240:80 by rr is a service with the
 * one real server 10.0.0.11:80. What xlvs does not support at all is not among them.
 */
export const refusedRequests: readonly (readonly Buffer[])[] = [
  [
    controller(3, attribute(2, 'IPVS')),
    controller(3, attribute(2, 'IPVS\0and more')),
    controller(3, attribute(2, 'no-such')),
    controller(3, attribute(2, 'a-name-of-17-char')),
    controller(3, attribute(2, Buffer.from('IPVS'))),
    controller(3, attribute(1, u16(1))),
    controller(3, attribute(1, bytes(1))),
    controller(3),
    controller(99, attribute(2, 'IPVS')),
  ],
  // Commands that there are not, or not like this.
  [
    ...[0, 18, 63, 65, 255].flatMap((command) => [ipvs(command, ack), ipvs(command, dumpFlags)]),
    ...(['GET_INFO', 'GET_CONFIG', 'NEW_SERVICE', 'FLUSH', 'SET_INFO'] as const).map((each) => ipvs(each, dumpFlags)),
    ipvs('GET_DEST', ack, service()),
    ipvs('GET_DAEMON', ack),
    ipvs('SET_INFO', ack),
    ...[0, 1, 3].map((length) => raw(ack, bytes(length))),
  ],
  // Without the flag of a request, or without an ack.
  [
    ipvs('GET_INFO', 0),
    ipvs('GET_INFO', 4),
    ipvs('GET_INFO', NLM_F_REQUEST),
    ipvs('NEW_SERVICE', NLM_F_REQUEST, service()),
    ipvs('NEW_SERVICE', NLM_F_REQUEST, service(other)),
  ],
  ...serviceCommands.map(onServices),
  oddServices.map((odd) => ipvs('NEW_SERVICE', ack, service({ ...other, ...odd }))),
  ...takenServices.map((odd) => [ipvs('NEW_SERVICE', ack, service({ ...other, ...odd }))]),
  [ipvs('NEW_SERVICE', ack, service(other), bytes(3))],
  [ipvs('NEW_SERVICE', ack, service(other), attribute(99, bytes(9)))],
  [ipvs('NEW_SERVICE', ack, service(other), attribute(4, bytes(2)))],
  // NLA_F_NESTED, as libnl has it since 3.6; NLA_F_NET_BYTEORDER.
  ...[0x8001, 0x4001].map((type) => [ipvs('NEW_SERVICE', ack, attribute(type, service(other).subarray(4)))]),
  ...destCommands.map(onDests),
  ...takenDests.map((odd) => [ipvs('NEW_DEST', ack, service(), dest({ ...otherDest, ...odd }))]),
  [
    ipvs('GET_SERVICE', dumpFlags, bytes(2)),
    ipvs('GET_SERVICE', dumpFlags, attribute(1, bytes(2))),
    ...[none, service(other), attribute(1, bytes(2)), service({ af: undefined }), bytes(3)].map((each) =>
      ipvs('GET_DEST', dumpFlags, each),
    ),
    ipvs('GET_DAEMON', dumpFlags),
  ],
  // Timeouts.
  [
    ipvs('SET_CONFIG', ack),
    ...timeouts.flatMap(([type, value]) => [
      ipvs('SET_CONFIG', ack, attribute(type, u32(value))),
      ipvs('GET_CONFIG', ack),
    ]),
    ipvs('SET_CONFIG', ack, attribute(4, bytes(3))),
  ],
  // The sync daemon.
  [none, attribute(3, none), attribute(3, attribute(1, u32(3))), attribute(3, attribute(1, u32(1)))].flatMap((each) => [
    ipvs('NEW_DAEMON', ack, each),
    ipvs('DEL_DAEMON', ack, each),
  ]),
  [ipvs('FLUSH', ack, bytes(3))],
  [ipvs('FLUSH', ack, attribute(1, bytes(1)))],
]
