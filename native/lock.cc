// SPDX-License-Identifier: MIT
#include "lock.h"

#include <sys/file.h>

static int lock_directory(const std::string &path)
{
	int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

Napi::Value Lock::acquire(const Napi::CallbackInfo &info)
{
	return adopt(info.Env(), lock_directory(text(info[0])));
}

Napi::FunctionReference &Lock::constructor(Environment &environment)
{
	return environment.lock;
}

Napi::Function Lock::define(Napi::Env env)
{
	return DefineClass(env, "Lock", {InstanceMethod("close", &Lock::close)});
}
