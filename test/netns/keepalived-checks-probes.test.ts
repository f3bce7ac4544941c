import { type Answers, answers, counted } from '../lib/answers.js'
import { type CheckCase, comeAndGo } from '../lib/check-case.js'
import type { CheckedServer } from '../lib/checked-server.js'
import { type ChecksLab, vip } from '../lib/checks-lab.js'
import { checksTest } from '../lib/checks-test.js'
import { DnsServer, dnsAnswers, whoName } from '../lib/dns-server.js'
import { MailServer, sendMail } from '../lib/mail-server.js'
import type { Host } from '../lib/network.js'
import { waitFor } from '../lib/wait-for.js'

const ports = { tcp: 8001, ping: 8002, udp: 5300, dns: 53, smtp: 25 } as const
/** The checks that end by not being answered. */
const brief = 'connect_timeout 1'

await checksTest(
  'TCP_CHECK, PING_CHECK, UDP_CHECK, DNS_CHECK and SMTP_CHECK',
  { ports: { plain: [ports.tcp, ports.ping] } },
  (t, lab) => comeAndGo(t, lab, [tcp(lab), ping(lab), udp(lab), dns(lab), smtp(lab)]),
)

function tcp(lab: ChecksLab): CheckCase {
  return {
    name: 'TCP_CHECK: SYNs get lost',
    protocol: 'TCP',
    port: ports.tcp,
    check: () => `TCP_CHECK { ${brief} }`,
    well: ({ host }) => filter(host, 'accept'),
    ill: ({ host }) => filter(host, `tcp dport ${ports.tcp} drop`),
    requests: (count) => answers(lab.client.namespace, `http://${vip}:${ports.tcp}/`, count),
  }
}

/** Has a host's packet filter consist of one rule. */
async function filter({ namespace }: Host, rule: string): Promise<void> {
  const chain = `chain input { type filter hook input priority 0; ${rule}; };`
  await namespace.exec('nft', [`flush ruleset; table inet lab { ${chain} }`])
}

function ping(lab: ChecksLab): CheckCase {
  const ignore = ({ host }: CheckedServer, value: 0 | 1) =>
    host.namespace.sysctl({ 'net.ipv4.icmp_echo_ignore_all': value })
  return {
    name: 'PING_CHECK: no answer',
    protocol: 'TCP',
    port: ports.ping,
    check: () => `PING_CHECK { ${brief} }`,
    well: (server) => ignore(server, 0),
    ill: (server) => ignore(server, 1),
    requests: (count) => answers(lab.client.namespace, `http://${vip}:${ports.ping}/`, count),
  }
}

/** One of its own on every real server. */
function onEach<T>(lab: ChecksLab, make: (server: CheckedServer) => T): (server: CheckedServer) => T {
  const made = new Map(Object.values(lab.servers).map((server) => [server, make(server)]))
  return (server) => made.get(server) as T
}

function udp(lab: ChecksLab): CheckCase {
  const dnsmasq = onEach(lab, ({ host }) => new DnsServer(host, ports.udp))
  // A question for the root's addresses, and what an answer to it begins with.
  const question = '1234 0100 0001 0000 0000 0000 00 0001 0001'
  const check = `UDP_CHECK { ${brief}\n payload ${question}\n require_reply 1234 8xxx\n min_reply_length 12\n }`
  return {
    name: 'UDP_CHECK: port unreachable',
    protocol: 'UDP',
    port: ports.udp,
    check: () => check,
    well: (server) => dnsmasq(server).start(),
    ill: (server) => dnsmasq(server).stop(),
    requests: (count) => dnsRequests(lab, ports.udp, count),
  }
}

function dns(lab: ChecksLab): CheckCase {
  const dnsmasq = onEach(lab, ({ host }) => new DnsServer(host, ports.dns))
  return {
    name: 'DNS_CHECK: the server has lost its zone',
    protocol: 'UDP',
    port: ports.dns,
    check: () => `DNS_CHECK { ${brief}\n retry 1\n type A\n name ${whoName} }`,
    well: (server) => dnsmasq(server).start(),
    ill: (server) => dnsmasq(server).start({ hasZone: false }),
    requests: (count) => dnsRequests(lab, ports.dns, count),
  }
}

async function dnsRequests(lab: ChecksLab, port: number, count: number): Promise<Answers> {
  const addresses = await dnsAnswers(lab.client, `${vip}:${port}`, count)
  const names = new Map(Object.values(lab.servers).map(({ name, host }) => [host.address, name]))
  return counted(addresses.map((address) => names.get(address) ?? address))
}

function smtp(lab: ChecksLab): CheckCase {
  const running = new Map<CheckedServer, MailServer>()
  const mailsOf = () => Array.from(running, ([{ name }, { mails }]) => [name, mails.length] as const)
  return {
    name: 'SMTP_CHECK: a server that hangs',
    protocol: 'TCP',
    port: ports.smtp,
    check: () => `SMTP_CHECK { ${brief}\n helo_name director.lab.test }`,
    well: async (server) => {
      const mail = running.get(server)
      if (mail) mail.resume()
      else running.set(server, await MailServer.start(server.host))
    },
    ill: (server) => running.get(server)?.hang(),
    requests: async (count) => {
      const before = new Map(mailsOf())
      const taken = () => mailsOf().map(([name, mails]) => [name, mails - (before.get(name) ?? 0)] as const)
      for (let i = 0; i < count; i++) await sendMail(lab.client, vip)
      await waitFor('all mails to be seen', () => taken().reduce((sum, [, mails]) => sum + mails, 0) === count)
      return Object.fromEntries(taken().filter(([, mails]) => mails > 0))
    },
  }
}
