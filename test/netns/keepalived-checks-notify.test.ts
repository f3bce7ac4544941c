import { healthCheck, virtualServer } from '../lib/checks-conf.js'
import { type ChecksLab, ripOf, startChecks, vip } from '../lib/checks-lab.js'
import { checksTest } from '../lib/checks-test.js'
import { MailServer } from '../lib/mail-server.js'
import { NotifyScript } from '../lib/notify-script.js'
import { waitFor } from '../lib/wait-for.js'

const port = 8001
const operator = 'operator@lab.test'

/** Somebody's state has changed: a script is called, which sees these real servers in the service, and a mail is sent. */
type News = readonly [who: ServerName | 'quorum', state: 'up' | 'down', sees: readonly ServerName[]]
type ServerName = 'server1' | 'server2'

interface Step {
  readonly name: string
  readonly do: (lab: ChecksLab) => void
  readonly news: readonly News[]
}

const steps: readonly Step[] = [
  { name: 'keepalived starts', do: () => {}, news: [['quorum', 'up', ['server1', 'server2']]] },
  {
    name: 'server1 fails its check',
    do: ({ servers }) => servers.server1.retract('web'),
    news: [['server1', 'down', ['server2']]],
  },
  {
    name: 'server2 fails, too',
    do: ({ servers }) => servers.server2.retract('web'),
    news: [
      ['server2', 'down', []],
      ['quorum', 'down', []],
    ],
  },
  {
    name: 'server1 returns',
    do: ({ servers }) => servers.server1.report('web'),
    news: [
      ['server1', 'up', ['server1']],
      ['quorum', 'up', ['server1']],
    ],
  },
  {
    name: 'server2 returns',
    do: ({ servers }) => servers.server2.report('web'),
    news: [['server2', 'up', ['server1', 'server2']]],
  },
]

await checksTest('notify scripts and mails', { ports: { plain: [port] } }, async (t, lab) => {
  const { server1, server2, sorry } = lab.servers
  for (const server of [server1, server2]) server.report('web')
  const mail = await MailServer.start(sorry.host)
  const script = new NotifyScript(lab)
  await startChecks(lab, conf(lab, script))

  let told = 0
  for (const step of steps) {
    await t.test(step.name, async (t) => {
      const { news } = step
      step.do(lab)
      await waitFor(`${news.length} calls`, () => script.calls(port).length >= told + news.length)
      await waitFor(`${news.length} mails`, () => mail.mails.length >= told + news.length)
      // Two scripts, or two mails, of the same moment are on their way together.
      t.strictSame(script.calls(port).slice(told).sort(), news.map((item) => call(lab, item)).sort(), 'scripts')
      const mails = mail.mails.slice(told)
      t.strictSame(mails.map(({ subject }) => subject).sort(), news.map((item) => subject(lab, item)).sort(), 'mails')
      for (const { to } of mails) t.equal(to, operator)
      told += news.length
    })
  }
})

function call(lab: ChecksLab, [who, state, sees]: News): string {
  return [`${who} ${state}:`, ...sees.map((name) => ripOf(lab, name))].join(' ')
}

/** As keepalived's smtp_alert() has it. */
function subject(lab: ChecksLab, [who, state]: News): string {
  const service = `[${vip}]:tcp:${port}`
  const what =
    who === 'quorum'
      ? `Virtualserver ${service}`
      : `Realserver [${ripOf(lab, who)}]:tcp:${port} of virtual server ${service}`
  return `[LVS_DEVEL] ${what} - ${state.toUpperCase()}`
}

function conf(lab: ChecksLab, script: NotifyScript): string {
  const mail = `
global_defs {
   notification_email {
     ${operator}
   }
   notification_email_from keepalived@lab.test
   smtp_server ${ripOf(lab, 'sorry')} 25
   smtp_connect_timeout 5
}
`
  const servers = (['server1', 'server2'] as const).map((name) => ({
    rip: ripOf(lab, name),
    lines: `${healthCheck('web', port)}\n ${script.lines('notify', port, name)}`,
  }))
  const lines = `smtp_alert\n ${script.lines('quorum', port, 'quorum')}`
  return mail + virtualServer({ of: `${vip} ${port}`, port, lines, servers })
}
