// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include "handle.h"

// A raw IPv4 socket, raw(7), that receives and sends many datagrams in one system call.
class RawSocket : public Handle<RawSocket>
{
      public:
	static Napi::Function define(Napi::Env env);
	static Napi::FunctionReference &constructor(Environment &environment);
	// rawSocket(protocol)
	static Napi::Value open(const Napi::CallbackInfo &info);

	explicit RawSocket(const Napi::CallbackInfo &info) : Handle<RawSocket>(info)
	{
	}
	~RawSocket() override
	{
		unwatch();
	}

	Napi::Value set_option(const Napi::CallbackInfo &info);
	Napi::Value watch(const Napi::CallbackInfo &info);
	Napi::Value receive(const Napi::CallbackInfo &info);
	Napi::Value send(const Napi::CallbackInfo &info);
	void close(const Napi::CallbackInfo &info);

      private:
	struct Watcher;

	void unwatch();

	Watcher *watcher_ = nullptr;
};
