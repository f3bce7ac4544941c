// SPDX-License-Identifier: MIT
#include "exec.h"

#include <csignal>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "status.h"

// An array of strings as execve(2) wants it, which points into its own memory.
class Words
{
      public:
	explicit Words(const Napi::Value &value)
	{
		auto array = value.As<Napi::Array>();

		for (uint32_t i = 0; i < array.Length(); i++)
			texts.push_back(text(array.Get(i)));
		for (auto &each : texts)
			pointers.push_back(each.data());
		pointers.push_back(nullptr);
	}

	char *const *data() const
	{
		return pointers.data();
	}

      private:
	std::vector<std::string> texts;
	std::vector<char *> pointers;
};

// What Node has changed at its start (PlatformInit in its src/node.cc) and a program inherits: it
// ignores SIGPIPE and SIGXFSZ, and blocks SIGUSR1 in the main thread. A program begins as a shell
// would begin it. In case there is none, it is put back.
class FreshSignals
{
      public:
	FreshSignals()
	{
		struct sigaction fresh = {};
		sigset_t none;

		fresh.sa_handler = SIG_DFL;
		sigemptyset(&none);
		sigaction(SIGPIPE, &fresh, &pipe);
		sigaction(SIGXFSZ, &fresh, &file_size);
		pthread_sigmask(SIG_SETMASK, &none, &mask);
	}

	~FreshSignals()
	{
		pthread_sigmask(SIG_SETMASK, &mask, nullptr);
		sigaction(SIGXFSZ, &file_size, nullptr);
		sigaction(SIGPIPE, &pipe, nullptr);
	}

      private:
	struct sigaction pipe;
	struct sigaction file_size;
	sigset_t mask;
};

// Node closes all descriptors at exec (uv_disable_stdio_inheritance), and makes pipes non-blocking
// as soon as process.stdin or process.stdout is looked at; that holds for everybody who has the
// pipe.
static void pass_on_stdio()
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int status = fcntl(fd, F_GETFL);

		if (status < 0)
			continue;
		fcntl(fd, F_SETFL, status & ~O_NONBLOCK);
		fcntl(fd, F_SETFD, 0);
	}
}

Napi::Value exec(const Napi::CallbackInfo &info)
{
	const std::string file = text(info[0]);
	const Words arguments(info[1]), environment(info[2]);
	int err;

	{
		FreshSignals fresh;

		pass_on_stdio();
		execvpe(file.c_str(), arguments.data(), environment.data());
		err = errno;
	}
	return status(info.Env(), -err);
}
