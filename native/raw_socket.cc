// SPDX-License-Identifier: MIT
#include "raw_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <algorithm>

// Datagrams in one system call.
static constexpr uint32_t max_batch = 64;

// Descriptors of a batch, whose datagrams are anywhere in the caller's memory.
struct Batch {
	mmsghdr messages[max_batch] = {};
	iovec parts[max_batch];
	sockaddr_in peers[max_batch];
	uint32_t count = 0;

	// False if it is not within the memory.
	bool add(const Bytes &memory, size_t offset, size_t length)
	{
		if (offset > memory.length || length > memory.length - offset)
			return false;
		parts[count] = {memory.data + offset, length};
		messages[count].msg_hdr.msg_iov = &parts[count];
		messages[count].msg_hdr.msg_iovlen = 1;
		count++;
		return true;
	}
};

// An exception in a callback ends the process, as one in any other callback of Node's: it would
// stay pending and keep all further ones from being called.
static void pass_on_exception(Napi::Env env)
{
	napi_value error;

	if (env.IsExceptionPending() && napi_get_and_clear_last_exception(env, &error) == napi_ok)
		napi_fatal_exception(env, error);
}

// Outlives its socket until libuv has let go of it.
struct RawSocket::Watcher {
	uv_poll_t poll;
	Napi::Env env;
	Napi::FunctionReference callback;
	Napi::AsyncContext context;
	bool closing = false;

	Watcher(Napi::Env environment, Napi::Function function)
	    : env(environment), callback(Napi::Persistent(function)),
	      context(environment, "xlvs raw socket")
	{
	}

	static void ready(uv_poll_t *poll, int error, int)
	{
		auto *watcher = static_cast<Watcher *>(poll->data);
		Napi::Env env = watcher->env;
		Napi::HandleScope scope(env);

		// With an error of the socket, which receive() will meet, libuv has stopped.
		if (error < 0)
			uv_poll_start(poll, UV_READABLE, ready);
		watcher->callback.MakeCallback(env.Global(), {}, watcher->context);
		pass_on_exception(env);
	}

	void stop()
	{
		if (closing)
			return;
		closing = true;
		uv_poll_stop(&poll);
		uv_close(reinterpret_cast<uv_handle_t *>(&poll), [](uv_handle_t *handle) {
			auto *watcher = static_cast<Watcher *>(handle->data);

			Napi::HandleScope scope(watcher->env);
			delete watcher;
		});
	}
};

Napi::Value RawSocket::open(const Napi::CallbackInfo &info)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
			static_cast<int>(u32(info[0])));

	return adopt(info.Env(), fd < 0 ? -errno : fd);
}

// setOption(level, name, number or bytes)
Napi::Value RawSocket::set_option(const Napi::CallbackInfo &info)
{
	int number = info[2].IsNumber() ? info[2].As<Napi::Number>().Int32Value() : 0;
	Bytes bytes(info[2]);
	const void *value = bytes.present() ? static_cast<const void *>(bytes.data) : &number;
	socklen_t length = bytes.present() ? bytes.length : sizeof(number);
	int err = setsockopt(fd_.get(), static_cast<int>(u32(info[0])),
			     static_cast<int>(u32(info[1])), value, length);

	return status(info.Env(), err ? -errno : 0);
}

// watch(callback): called as long as there is something to receive, until close()
Napi::Value RawSocket::watch(const Napi::CallbackInfo &info)
{
	uv_loop_t *loop = nullptr;
	int err = napi_get_uv_event_loop(info.Env(), &loop);

	if (err || watcher_ || fd_.get() < 0)
		return status(info.Env(), -EBADF);

	auto *watcher = new Watcher(info.Env(), info[0].As<Napi::Function>());

	err = uv_poll_init(loop, &watcher->poll, fd_.get());
	if (err) {
		delete watcher;
		return status(info.Env(), err);
	}
	watcher->poll.data = watcher;
	watcher_ = watcher;
	Ref();
	// libuv's error codes are -errno.
	return status(info.Env(), uv_poll_start(&watcher->poll, UV_READABLE, Watcher::ready));
}

// receive(memory, offsets, lengths, room): how many datagrams were read, each to its offset, with
// room for so many bytes there, their lengths in bytes put into a Uint32Array; or -errno, -EAGAIN
// if there is none
Napi::Value RawSocket::receive(const Napi::CallbackInfo &info)
{
	Bytes memory(info[0]);
	Numbers offsets(info[1]);
	Numbers lengths(info[2]);
	uint32_t room = u32(info[3]);
	size_t most = std::min<size_t>({max_batch, offsets.length, lengths.length});
	Batch batch;

	if (!memory.present() || !offsets.present() || !lengths.present() || most == 0)
		return status(info.Env(), -EINVAL);
	for (size_t i = 0; i < most; i++)
		if (!batch.add(memory, offsets.data[i], room))
			return status(info.Env(), -EINVAL);

	int count = recvmmsg(fd_.get(), batch.messages, batch.count, MSG_DONTWAIT, nullptr);

	if (count < 0)
		return status(info.Env(), -errno);
	for (int i = 0; i < count; i++)
		lengths.data[i] = batch.messages[i].msg_len;
	return status(info.Env(), count);
}

// send(memory, offsets, lengths, addresses, first, count): how many datagrams were sent, of those
// from number `first` on, each to an IPv4 address in host order; or -errno of the first
Napi::Value RawSocket::send(const Napi::CallbackInfo &info)
{
	Bytes memory(info[0]);
	Numbers offsets(info[1]);
	Numbers lengths(info[2]);
	Numbers addresses(info[3]);
	size_t first = u32(info[4]);
	uint32_t count = std::min(u32(info[5]), max_batch);
	size_t known = std::min({offsets.length, lengths.length, addresses.length});
	Batch batch;

	if (!memory.present() || !offsets.present() || !lengths.present() || !addresses.present() ||
	    first + count > known)
		return status(info.Env(), -EINVAL);
	for (uint32_t i = 0; i < count; i++) {
		msghdr &header = batch.messages[i].msg_hdr;

		if (!batch.add(memory, offsets.data[first + i], lengths.data[first + i]))
			return status(info.Env(), -EINVAL);
		batch.peers[i] = {};
		batch.peers[i].sin_family = AF_INET;
		batch.peers[i].sin_addr.s_addr = htonl(addresses.data[first + i]);
		header.msg_name = &batch.peers[i];
		header.msg_namelen = sizeof(batch.peers[i]);
	}

	int sent = sendmmsg(fd_.get(), batch.messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);

	return status(info.Env(), sent < 0 ? -errno : sent);
}

void RawSocket::close(const Napi::CallbackInfo &)
{
	if (watcher_)
		Unref();
	unwatch();
	fd_.close();
}

void RawSocket::unwatch()
{
	if (watcher_)
		std::exchange(watcher_, nullptr)->stop();
}

Napi::FunctionReference &RawSocket::constructor(Environment &environment)
{
	return environment.raw_socket;
}

Napi::Function RawSocket::define(Napi::Env env)
{
	return DefineClass(env, "RawSocket",
			   {
			       InstanceMethod("setOption", &RawSocket::set_option),
			       InstanceMethod("watch", &RawSocket::watch),
			       InstanceMethod("receive", &RawSocket::receive),
			       InstanceMethod("send", &RawSocket::send),
			       InstanceMethod("close", &RawSocket::close),
			   });
}
