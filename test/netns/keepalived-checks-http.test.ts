import { answers } from '../lib/answers.js'
import { type CheckCase, comeAndGo } from '../lib/check-case.js'
import type { CheckedServer } from '../lib/checked-server.js'
import { type ChecksLab, ripOf, vip } from '../lib/checks-lab.js'
import { checksTest } from '../lib/checks-test.js'

const ports = { status: 8001, digest: 8002, regex: 8003, tls: 8443 } as const
const right = 'the page as it should be\n'
const wrong = 'the page that a half-restored backup shows\n'

await checksTest(
  'HTTP_GET and SSL_GET',
  { ports: { plain: [ports.status, ports.digest, ports.regex], tls: [ports.tls] } },
  async (t, lab) => {
    const digests = await genhash(lab)
    t.strictSame(new Set(Object.values(digests)).size, 1, `genhash has one digest for one page, ${digests.plain}`)
    const page = (name: string) => ({
      well: (server: CheckedServer) => server.report(name, right),
      ill: (server: CheckedServer) => server.report(name, wrong),
    })
    const requests = (scheme: string, port: number) => (count: number) =>
      answers(lab.client.namespace, `${scheme}://${vip}:${port}/`, count)
    const cases: readonly CheckCase[] = [
      {
        name: 'HTTP_GET, status_code: 404 instead of 200',
        protocol: 'TCP',
        port: ports.status,
        check: () => get('HTTP_GET', 'status', 'status_code 200'),
        well: (server) => server.report('status', right),
        ill: (server) => server.retract('status'),
        requests: requests('http', ports.status),
      },
      {
        name: 'HTTP_GET, digest: another page',
        protocol: 'TCP',
        port: ports.digest,
        check: () => get('HTTP_GET', 'digest', `digest ${digests.plain}`),
        ...page('digest'),
        requests: requests('http', ports.digest),
      },
      {
        name: 'HTTP_GET, regex: another page',
        protocol: 'TCP',
        port: ports.regex,
        check: () => get('HTTP_GET', 'regex', 'regex "as it sh[aou]+ld"'),
        ...page('regex'),
        requests: requests('http', ports.regex),
      },
      {
        name: 'SSL_GET, digest and status_code: another page',
        protocol: 'TCP',
        port: ports.tls,
        check: () => get('SSL_GET', 'tls', `digest ${digests.tls}\n status_code 200`),
        ...page('tls'),
        requests: requests('https', ports.tls),
      },
    ]
    await comeAndGo(t, lab, cases)
  },
)

function get(checker: string, page: string, wanted: string): string {
  return `${checker} { url {\n path /health/${page}\n ${wanted}\n } }`
}

/** The right page's digest as keepalived's own tool makes it, without TLS and with it. */
async function genhash(lab: ChecksLab): Promise<{ readonly plain: string; readonly tls: string }> {
  lab.servers.server1.report('digest', right)
  const digest = async (...args: string[]) => {
    const of = ['-s', ripOf(lab, 'server1'), '-u', '/health/digest']
    const said = await lab.host.namespace.exec('genhash', [...of, ...args])
    return /MD5SUM = ([0-9a-f]{32})/.exec(said)?.[1] ?? said
  }
  return { plain: await digest('-p', `${ports.digest}`), tls: await digest('-S', '-p', `${ports.tls}`) }
}
