import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Host } from './network.js'
import type { Background } from './process.js'

/** A real nginx on a host. */
export interface WebServer {
  readonly process: Background
  /** Client addresses of the requests so far, as nginx logged them. */
  loggedClients(): Promise<string[]>
  /** A file that was sent by PUT to /uploads/NAME. */
  uploadedFile(name: string): string
}

/**
 * Starts nginx on port 80 of all addresses of the host. `/` answers with one line, the host's name
 * and the client's address as the host sees it; `/load` the same without a log line; `/files/…` is
 * what lies in `filesDirectory`; `/uploads/…` takes files by PUT.
 */
export async function startNginx(host: Host, directory: string, filesDirectory: string): Promise<WebServer> {
  const nginx = await runNginx(host, directory, serverLines(host.name, directory, filesDirectory))
  return {
    process: nginx,
    uploadedFile: (name) => join(directory, 'uploads', name),
    loggedClients: async () =>
      (await readFile(join(directory, 'access.log'), 'utf8')).split('\n').filter((line) => line !== ''),
  }
}

/** Runs nginx on a host, with these lines in its http block and `directory` for what it writes. */
export async function runNginx({ namespace }: Host, directory: string, http: string): Promise<Background> {
  const configuration = join(directory, 'nginx.conf')
  writeFileSync(configuration, nginxConfiguration(directory, http))
  const nginx = namespace.spawn('nginx', ['-c', configuration, '-p', directory, '-e', 'stderr', '-g', 'daemon off;'])
  await nginx.says(/start worker process \d+/)
  return nginx
}

function nginxConfiguration(directory: string, http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${directory}/${kind};`)
    .join('\n')
  return `
user root;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr notice;
events { worker_connections 4096; }
http {
${temporary}
  default_type text/plain;
  sendfile on;
${http}
}
`
}

function serverLines(name: string, directory: string, filesDirectory: string): string {
  return `\
  log_format client $remote_addr;
  access_log ${directory}/access.log client;
  server {
    listen 80 backlog=4096;
    location / { return 200 "${name} $remote_addr\\n"; }
    location = /load { access_log off; return 200 "${name}\\n"; }
    location /files/ { alias ${filesDirectory}/; }
    location /uploads/ { alias ${directory}/uploads/; dav_methods PUT; create_full_put_path on; client_max_body_size 0; }
  }
`
}
