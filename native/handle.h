// SPDX-License-Identifier: MIT
// JavaScript objects that own a file descriptor: maps, programs, links, locks.
#pragma once

#include <napi.h>
#include <bpf/bpf.h>
#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "status.h"

// The classes of one JavaScript environment (main thread or worker). Nothing is process-wide.
struct Environment {
	Napi::FunctionReference map;
	Napi::FunctionReference program;
	Napi::FunctionReference link;
	Napi::FunctionReference lock;
	Napi::FunctionReference raw_socket;
};

// A descriptor with one owner.
class Fd
{
      public:
	explicit Fd(int fd = -1) : fd_(fd)
	{
	}
	Fd(Fd &&other) noexcept : fd_(std::exchange(other.fd_, -1))
	{
	}
	Fd &operator=(Fd &&other) noexcept
	{
		std::swap(fd_, other.fd_);
		return *this;
	}
	~Fd()
	{
		close();
	}

	int get() const
	{
		return fd_;
	}
	void close()
	{
		if (fd_ >= 0)
			::close(std::exchange(fd_, -1));
	}

      private:
	int fd_;
};

// A second descriptor of the same thing, closed on exec; or -errno, -EINVAL for what libbpf has
// not loaded.
inline int duplicate(int fd)
{
	if (fd < 0)
		return -EINVAL;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -errno : copy;
}

// Opens the pin at `path` if a `kind` ("bpf-map", "bpf-prog", "bpf-link") is pinned there. The
// kernel gives a descriptor of any kind, and its info calls do not say which: the link in /proc
// does.
inline int open_pinned(const std::string &path, const char *kind)
{
	int fd = bpf_obj_get(path.c_str());

	if (fd < 0)
		return fd;
	char target[64] = {};
	std::string proc = "/proc/self/fd/" + std::to_string(fd);

	if (readlink(proc.c_str(), target, sizeof(target) - 1) < 0 || !strstr(target, kind)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

// Base of the classes that wrap one descriptor. It is closed by close(), when the object is
// collected, or with its environment; methods then answer -EBADF. Objects made by JavaScript's
// `new` own nothing and answer the same.
template <class T> class Handle : public Napi::ObjectWrap<T>
{
      public:
	explicit Handle(const Napi::CallbackInfo &info) : Napi::ObjectWrap<T>(info)
	{
		if (info.Length() > 0 && info[0].IsExternal())
			fd_ = std::move(*info[0].As<Napi::External<Fd>>().Data());
	}

	// Wraps a descriptor just made, or passes on the -errno of what should have made it.
	static Napi::Value adopt(Napi::Env env, int fd)
	{
		if (fd < 0)
			return status(env, fd);
		Fd owned(fd);

		return T::constructor(*env.GetInstanceData<Environment>())
		    .New({Napi::External<Fd>::New(env, &owned)});
	}

	Napi::Value fd(const Napi::CallbackInfo &info)
	{
		return status(info.Env(), fd_.get() < 0 ? -EBADF : fd_.get());
	}

	void close(const Napi::CallbackInfo &)
	{
		fd_.close();
	}

	// pin(path)
	Napi::Value pin(const Napi::CallbackInfo &info)
	{
		return status(info.Env(), bpf_obj_pin(fd_.get(), text(info[0]).c_str()));
	}

      protected:
	Fd fd_;
};
