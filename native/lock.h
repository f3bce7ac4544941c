// SPDX-License-Identifier: MIT
#pragma once

#include "handle.h"

// An exclusive flock(2) on a directory, which also bpffs allows. It ends with close() or the
// process, however that dies.
class Lock : public Handle<Lock>
{
      public:
	static Napi::Function define(Napi::Env env);
	static Napi::FunctionReference &constructor(Environment &environment);
	// lockDirectory(path): -EWOULDBLOCK while somebody else has it
	static Napi::Value acquire(const Napi::CallbackInfo &info);

	explicit Lock(const Napi::CallbackInfo &info) : Handle<Lock>(info)
	{
	}
};
