// SPDX-License-Identifier: MIT
#pragma once

#include "handle.h"

// A loaded program.
class Program : public Handle<Program>
{
      public:
	static Napi::Function define(Napi::Env env);
	static Napi::FunctionReference &constructor(Environment &environment);
	// openPinnedProgram(path)
	static Napi::Value open_pinned(const Napi::CallbackInfo &info);

	explicit Program(const Napi::CallbackInfo &info) : Handle<Program>(info)
	{
	}

      private:
	Napi::Value info(const Napi::CallbackInfo &info);
	Napi::Value attach_xdp(const Napi::CallbackInfo &info);
	Napi::Value test_run(const Napi::CallbackInfo &info);
};
