import type { ServerResponse } from 'node:http'
import { DirectorError, type ErrorCode } from '../core/errors.js'
import { BodyTooLargeError } from './body.js'
import type { ErrorBody } from './protocol.js'

/** HTTP status of each error code. */
const statuses: Readonly<Record<ErrorCode, number>> = {
  SERVICE_EXISTS: 409,
  NO_SUCH_SERVICE: 404,
  SERVER_EXISTS: 409,
  NO_SUCH_SERVER: 404,
  NO_SUCH_SCHEDULER: 404,
  INVALID: 400,
  UNSUPPORTED: 501,
  NO_SPACE: 507,
  BUSY: 409,
  NOT_RUNNING: 503,
  PERMISSION: 403,
  INCOMPATIBLE: 409,
  INTERNAL: 500,
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

/** Answers a request that failed. What is not a DirectorError is a fault of ours, and its text is not for clients. */
export function sendError(response: ServerResponse, error: unknown): void {
  if (error instanceof BodyTooLargeError) {
    // The rest of the body is not read, so the connection cannot be used again.
    response.setHeader('connection', 'close')
    sendJson(response, 413, errorBody(error))
  } else if (error instanceof DirectorError) {
    sendJson(response, statuses[error.code], errorBody(error))
  } else {
    sendJson(response, 500, { code: 'INTERNAL', message: 'internal error; see the log' } satisfies ErrorBody)
  }
}

export function errorBody({ code, message }: DirectorError): ErrorBody {
  return { code, message }
}
