// SPDX-License-Identifier: MIT
#pragma once

#include "handle.h"

// The tie between a program and an interface. The kernel cuts it when the last descriptor is
// closed and no pin is left.
class Link : public Handle<Link>
{
      public:
	static Napi::Function define(Napi::Env env);
	static Napi::FunctionReference &constructor(Environment &environment);
	// openPinnedLink(path)
	static Napi::Value open_pinned(const Napi::CallbackInfo &info);

	explicit Link(const Napi::CallbackInfo &info) : Handle<Link>(info)
	{
	}

      private:
	Napi::Value info(const Napi::CallbackInfo &info);
	Napi::Value update(const Napi::CallbackInfo &info);
	Napi::Value detach(const Napi::CallbackInfo &info);
};
