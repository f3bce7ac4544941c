import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from './network.js'
import { runNginx } from './nginx.js'
import { type Background, executeOrThrow } from './process.js'

/** Ports of every real server's nginx: plain HTTP, and HTTP over TLS with a certificate that it has signed itself. */
export interface WebPorts {
  readonly plain: readonly number[]
  readonly tls: readonly number[]
}

/**
 * A real server whose health is files: `/health/NAME` is what {@link CheckedServer.report} last said of NAME, or 404 after
 * {@link CheckedServer.retract}. So one nginx can be well in the eyes of one service's check, and ill in another's.
 */
export class CheckedServer {
  #web: Background | undefined

  private constructor(
    readonly host: Host,
    private readonly directory: string,
    private readonly http: string,
  ) {}

  /** Makes its certificate and starts its nginx, which answers `/` with the host's name and its client's address. */
  static async start(host: Host, directory: string, filesDirectory: string, ports: WebPorts): Promise<CheckedServer> {
    mkdirSync(join(directory, 'health'))
    const tls = ports.tls.length > 0 ? await makeCertificate(host.name, directory) : ''
    const server = new CheckedServer(host, directory, httpLines(host.name, directory, filesDirectory, ports, tls))
    await server.startWeb()
    return server
  }

  get name(): string {
    return this.host.name
  }

  /** Puts text at `/health/NAME`, at once and whole. */
  report(name: string, text = 'well\n'): void {
    const fresh = join(this.directory, `${name}.new`)
    writeFileSync(fresh, text)
    renameSync(fresh, join(this.directory, 'health', name))
  }

  /** Takes `/health/NAME` away. */
  retract(name: string): void {
    rmSync(join(this.directory, 'health', name), { force: true })
  }

  /** Starts nginx. */
  async startWeb(): Promise<void> {
    this.#web = await runNginx(this.host, this.directory, this.http)
  }

  /** Ends nginx: its ports then refuse connections. */
  async stopWeb(): Promise<void> {
    await this.#web?.stop()
  }
}

/** Makes a key and a certificate that it signs; gives the lines that tell nginx. */
async function makeCertificate(name: string, directory: string): Promise<string> {
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')]
  const ofKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
  await executeOrThrow('openssl', ['req', '-x509', '-days', '2', '-subj', `/CN=${name}`, '-out', certificate, ...ofKey])
  return `    ssl_certificate ${certificate};\n    ssl_certificate_key ${key};`
}

function httpLines(name: string, directory: string, filesDirectory: string, ports: WebPorts, tls: string): string {
  const listen = [...ports.plain.map((port) => `${port}`), ...ports.tls.map((port) => `${port} ssl`)]
  return `\
  access_log off;
  server {
${listen.map((words) => `    listen ${words};`).join('\n')}
${tls}
    location / { return 200 "${name} $remote_addr\\n"; }
    location /health/ { alias ${directory}/health/; }
    location /files/ { alias ${filesDirectory}/; }
  }
`
}
