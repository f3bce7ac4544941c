// SPDX-License-Identifier: MIT
// What JavaScript sees of libbpf and of the kernel; src/native.ts has the types.
#include <napi.h>
#include <bpf/libbpf.h>
#include <net/if.h>

#include "exec.h"
#include "grace_period.h"
#include "libbpf_log.h"
#include "link.h"
#include "lock.h"
#include "map.h"
#include "object.h"
#include "program.h"
#include "raw_socket.h"

static Napi::Value possible_cpus(const Napi::CallbackInfo &info)
{
	return status(info.Env(), libbpf_num_possible_cpus());
}

// ifindex(name): of an interface in this network namespace, or -ENODEV
static Napi::Value ifindex(const Napi::CallbackInfo &info)
{
	unsigned int index = if_nametoindex(text(info[0]).c_str());

	return status(info.Env(), index ? static_cast<long>(index) : -errno);
}

static Napi::Object init(Napi::Env env, Napi::Object exports)
{
	auto *environment = new Environment;

	LibbpfLog::install();
	environment->map = Napi::Persistent(Map::define(env));
	environment->program = Napi::Persistent(Program::define(env));
	environment->link = Napi::Persistent(Link::define(env));
	environment->lock = Napi::Persistent(Lock::define(env));
	environment->raw_socket = Napi::Persistent(RawSocket::define(env));
	env.SetInstanceData(environment);

	exports["Object"] = Object::define(env);
	exports["openPinnedMap"] = Napi::Function::New<Map::open_pinned>(env);
	exports["openPinnedProgram"] = Napi::Function::New<Program::open_pinned>(env);
	exports["openPinnedLink"] = Napi::Function::New<Link::open_pinned>(env);
	exports["lockDirectory"] = Napi::Function::New<Lock::acquire>(env);
	exports["rawSocket"] = Napi::Function::New<RawSocket::open>(env);
	exports["possibleCpus"] = Napi::Function::New<possible_cpus>(env);
	exports["ifindex"] = Napi::Function::New<ifindex>(env);
	exports["waitForPrograms"] = Napi::Function::New<wait_for_programs>(env);
	exports["exec"] = Napi::Function::New<exec>(env);
	return exports;
}

NODE_API_MODULE(xlvs, init)
