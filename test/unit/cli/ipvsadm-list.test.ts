import t from 'tap'
import type { ServerView, ServiceView } from '../../../src/api/protocol.js'
import type { Connection } from '../../../src/core/connection.js'
import { noTraffic } from '../../../src/core/traffic.js'
import { fakeDirector } from '../../lib/fake-director.js'
import { runIpvsadm } from '../../lib/run-ipvsadm.js'

const noRates = { cps: 0, inPps: 0, inBps: 0 }

function server(rip: string, changes: Partial<ServerView> = {}): ServerView {
  return {
    rip,
    rport: 80,
    forwarding: 'route',
    reached: 'route',
    resolved: true,
    weight: 1,
    active: 0,
    inactive: 0,
    traffic: noTraffic,
    rates: noRates,
    ...changes,
  }
}

function service(vip: string, changes: Partial<ServiceView> = {}): ServiceView {
  return {
    protocol: 'tcp',
    vip,
    vport: 80,
    scheduler: 'wlc',
    servers: [],
    traffic: noTraffic,
    rates: noRates,
    ...changes,
  }
}

/** Two services, in the order of nothing, with their newest servers first. */
const services: ServiceView[] = [
  service('192.0.2.10', { protocol: 'udp', vport: 53, scheduler: 'rr' }),
  service('192.0.2.10', {
    traffic: { conns: 123_457_890, inPackets: 1_234_567_890, inBytes: 123_456_789_012 },
    rates: { cps: 1, inPps: 150_000_000, inBps: 100_000_000 },
    servers: [
      server('10.0.0.12', {
        weight: 0,
        reached: 'local',
        traffic: { conns: 999, inPackets: 5000, inBytes: 400_000 },
        rates: { cps: 12, inPps: 150_000_000, inBps: 99_999_999 },
      }),
      server('10.0.0.11', { forwarding: 'tunnel', reached: 'tunnel', weight: 3, active: 1, inactive: 2 }),
    ],
  }),
]

/** Lines of a table. Trailing blanks are part of ipvsadm's output; a `|` marks the end of a line that has some. */
const lines = (text: string) => text.replace(/^\n/, '').replaceAll(/\|$/gm, '')

const tables: [argv: string, text: string][] = [
  [
    '-Ln',
    `
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  192.0.2.10:80 wlc
  -> 10.0.0.11:80                 Tunnel  3      1          2         |
  -> 10.0.0.12:80                 Route   0      0          0         |
UDP  192.0.2.10:53 rr
`,
  ],
  [
    '-l -n --nosort',
    `
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
UDP  192.0.2.10:53 rr
TCP  192.0.2.10:80 wlc
  -> 10.0.0.12:80                 Route   0      0          0         |
  -> 10.0.0.11:80                 Tunnel  3      1          2         |
`,
  ],
  [
    '-L',
    `
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  web:http wlc
  -> rs1.example:http             Tunnel  3      1          2         |
  -> 10.0.0.12:http               Route   0      0          0         |
UDP  web:domain rr
`,
  ],
  [
    '-Ln -t 192.0.2.10:80',
    `
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  192.0.2.10:80 wlc
  -> 10.0.0.11:80                 Tunnel  3      1          2         |
  -> 10.0.0.12:80                 Route   0      0          0         |
`,
  ],
  [
    '-Ln --stats --rate --thresholds',
    `
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
  -> RemoteAddress:Port
TCP  192.0.2.10:80                 123457K    1234M        0     123G        0
  -> 10.0.0.11:80                        0        0        0        0        0
  -> 10.0.0.12:80                      999     5000        0   400000        0
UDP  192.0.2.10:53                       0        0        0        0        0
`,
  ],
  [
    '-Ln --stats --exact -t 192.0.2.10:80',
    `
Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
  -> RemoteAddress:Port
TCP  192.0.2.10:80                123457890 1234567890        0 123456789012        0
  -> 10.0.0.11:80                        0        0        0        0        0
  -> 10.0.0.12:80                      999     5000        0   400000        0
`,
  ],
  [
    // Real servers' packets a second are never abbreviated.
    '-Ln --rate -t 192.0.2.10:80',
    `
Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS
  -> RemoteAddress:Port
TCP  192.0.2.10:80                       1  150000K        0  100000K        0
  -> 10.0.0.11:80                        0        0        0        0        0
  -> 10.0.0.12:80                       12 150000000        0 99999999        0
`,
  ],
  [
    '-Ln --thresholds -t 192.0.2.10:80',
    `
Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn |
  -> RemoteAddress:Port
TCP  192.0.2.10:80 wlc
  -> 10.0.0.11:80                 0          0          1          2         |
  -> 10.0.0.12:80                 0          0          0          0         |
`,
  ],
  [
    '-Ln --persistent-conn -t 192.0.2.10:80',
    `
Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn |
  -> RemoteAddress:Port
TCP  192.0.2.10:80 wlc
  -> 10.0.0.11:80                 3         0           1          2         |
  -> 10.0.0.12:80                 0         0           0          0         |
`,
  ],
  [
    '-Ln --tun-info -t 192.0.2.10:80',
    `
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn
TCP  192.0.2.10:80 wlc
  -> 10.0.0.11:80                 Tunnel  ipip          3      1          2         |
  -> 10.0.0.12:80                 Route   n/a           0      0          0         |
`,
  ],
  [
    '-S -n',
    `
-A -t 192.0.2.10:80 -s wlc
-a -t 192.0.2.10:80 -r 10.0.0.11:80 -i -w 3 --tun-type ipip
-a -t 192.0.2.10:80 -r 10.0.0.12:80 -g -w 0
-A -u 192.0.2.10:53 -s rr
`,
  ],
  [
    '-S',
    `
-A -t web:http -s wlc
-a -t web:http -r rs1.example:http -i -w 3 --tun-type ipip
-a -t web:http -r 10.0.0.12:http -g -w 0
-A -u web:domain -s rr
`,
  ],
  ['-L --timeout', 'Timeout (tcp tcpfin udp): 900 120 300\n'],
  ['-L --daemon', ''],
]

t.test('lists as ipvsadm does', async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  director.services = { services, tableSize: 4096 }
  for (const [argv, text] of tables) {
    t.same(await runIpvsadm(argv.split(' '), director), { status: 0, stdout: lines(text), stderr: '' }, argv)
  }
  t.equal((await runIpvsadm([], director)).stdout, lines(tables[2]?.[1] ?? ''), 'without arguments')
})

t.test('an empty table has its titles', async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  const { stdout } = await runIpvsadm(['-Ln'], director)
  t.equal(
    stdout,
    'IP Virtual Server version 1.2.1 (size=4096)\n' +
      'Prot LocalAddress:Port Scheduler Flags\n' +
      '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n',
  )
  t.equal((await runIpvsadm(['-S'], director)).stdout, '')
  t.same(await runIpvsadm(['-L', '-t', '192.0.2.10:80'], director), {
    status: 1,
    stdout: '',
    stderr: 'No such service\n',
  })
})

const connection: Connection = {
  protocol: 'tcp',
  state: 'ESTABLISHED',
  expiresInMs: 895_999,
  cip: '198.51.100.1',
  cport: 40000,
  vip: '192.0.2.10',
  vport: 80,
  rip: '10.0.0.11',
  rport: 80,
}

t.test('lists connections', async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  const title = 'IPVS connection entries\npro expire state       source             virtual            destination\n'
  t.equal((await runIpvsadm(['-Lnc'], director)).stdout, title)

  director.connections = [
    connection,
    { ...connection, protocol: 'udp', state: 'UDP', expiresInMs: 6_000_000, vport: 53, rport: 53 },
  ]
  t.equal(
    (await runIpvsadm(['-Lnc'], director)).stdout,
    `${title}TCP 14:55  ESTABLISHED 198.51.100.1:40000 192.0.2.10:80      10.0.0.11:80\n` +
      'UDP 100:00 UDP         198.51.100.1:40000 192.0.2.10:53      10.0.0.11:53\n',
  )
  t.equal(
    (await runIpvsadm(['-L', '-c'], director)).stdout,
    `${title}TCP 14:55  ESTABLISHED 198.51.100.1:40000 web:http           rs1.example:http\n` +
      'UDP 100:00 UDP         198.51.100.1:40000 web:domain         rs1.example:domain\n',
  )
  t.match(
    (await runIpvsadm(['-Lnc', '--persistent-conn'], director)).stdout,
    /^pro expire state {7}source {13}virtual {12}destination {8}pe name {10}pe_data\nTCP 14:55/m,
  )
})

t.test('lists more connections than fit into one piece', async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  const total = 20_000
  director.connections = Array.from({ length: total }, (_, cport) => ({ ...connection, cport }))
  const { stdout } = await runIpvsadm(['-Lnc'], director)
  const ports = Array.from(stdout.matchAll(/198\.51\.100\.1:(\d+) /g), ([, port]) => Number(port))
  t.same(ports, [...Array(total).keys()])
})

t.test('cuts long names where ipvsadm does', async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  const name = 'a-host-name-that-is-longer-than-the-columns-of-the-table-of-ipvsadm.example'
  director.services = { services: [service('192.0.2.99', { servers: [server('10.0.0.99')] })], tableSize: 4096 }
  const names = { hostName: async () => name }
  const { stdout } = await runIpvsadm(['-L', '--stats'], { ...director, names })
  t.equal(stdout.split('\n')[3], 'TCP  a-host-name-that-is-longer-t        0        0        0        0        0')
  t.equal(stdout.split('\n')[4], '  -> a-host-name-that-is-longer-t        0        0        0        0        0')
  const rules = await runIpvsadm(['-S'], { ...director, names })
  t.equal(rules.stdout.split('\n')[0], `-A -t ${name.slice(0, 59)} -s wlc`)
})
