// SPDX-License-Identifier: MIT
#pragma once

#include <string>

// While it lives, what libbpf says in this thread, the verifier's log included, goes to `sink`
// and not to stderr. libbpf knows one print function a process, hence the detour by thread.
class LibbpfLog
{
      public:
	explicit LibbpfLog(std::string &sink);
	~LibbpfLog();
	LibbpfLog(const LibbpfLog &) = delete;
	LibbpfLog &operator=(const LibbpfLog &) = delete;

	// Sends libbpf's words to the sink of the thread that caused them, or nowhere. Idempotent.
	static void install();
};
