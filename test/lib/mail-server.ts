import type { Host } from './network.js'
import type { Background } from './process.js'

/** A mail that an SMTP server has taken, its header and its body. */
export interface Mail {
  readonly subject: string
  readonly to: string
  readonly text: string
}

/** An SMTP server on port 25 of a host, which keeps what it is given. */
export class MailServer {
  private constructor(private readonly process: Background) {}

  static async start({ namespace }: Host): Promise<MailServer> {
    const args = ['-n', '-d', '-l', '0.0.0.0:25', '-c', 'aiosmtpd.handlers.Debugging', 'stdout']
    const process = namespace.spawn('aiosmtpd', args, { env: { PYTHONUNBUFFERED: '1' } })
    await process.says(/Server is listening/)
    return new MailServer(process)
  }

  /** The mails so far. */
  get mails(): Mail[] {
    const texts = this.process.stdout.matchAll(/^-+ MESSAGE FOLLOWS -+\n(.*?)^-+ END MESSAGE -+$/gms)
    return Array.from(texts, ([, text = '']) => ({ subject: header(text, 'Subject'), to: header(text, 'To'), text }))
  }

  /** It stands still: connections are still accepted, by the kernel, but nobody says a word. */
  hang(): void {
    this.process.kill('SIGSTOP')
  }

  /** It goes on. */
  resume(): void {
    this.process.kill('SIGCONT')
  }
}

/** Hands a mail in by curl, on a connection of its own. It must be taken. */
export async function sendMail({ namespace }: Host, server: string): Promise<void> {
  const envelope = ['--mail-from', 'client@lab.test', '--mail-rcpt', 'operator@lab.test']
  const patient = ['--silent', '--show-error', '--max-time', '10']
  await namespace.exec('curl', [...patient, ...envelope, '--upload-file', '-', `smtp://${server}`], {
    input: 'Subject: hello\r\n\r\nhello\r\n',
  })
}

function header(text: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]?.trim() ?? ''
}
