// SPDX-License-Identifier: MIT
#include "object.h"

#include <bpf/libbpf.h>
#include <csignal>

#include "libbpf_log.h"
#include "map.h"
#include "program.h"

Object::Object(const Napi::CallbackInfo &info)
    : Napi::ObjectWrap<Object>(info), object_(nullptr, bpf_object__close)
{
}

static const std::string data_section = ".data.";

// A variable in a section .data.NAME is the map NAME; libbpf calls it by its section.
static std::string name_of(const bpf_map *map)
{
	std::string name = bpf_map__name(map);

	return name.rfind(data_section, 0) ? name : name.substr(data_section.size());
}

// open(path)
Napi::Value Object::open(const Napi::CallbackInfo &info)
{
	LibbpfLog capture(log_);

	object_.reset(bpf_object__open_file(text(info[0]).c_str(), nullptr));
	return status(info.Env(), object_ ? 0 : -errno);
}

Napi::Value Object::load(const Napi::CallbackInfo &info)
{
	if (!object_)
		return status(info.Env(), -EBADF);
	LibbpfLog capture(log_);

	sigset_t all, before;
	int result;

	// The verifier gives up with EAGAIN when a signal comes, and a profiler sends one each
	// millisecond.
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = bpf_object__load(object_.get());
	pthread_sigmask(SIG_SETMASK, &before, nullptr);
	return status(info.Env(), result);
}

// What libbpf and the verifier said during the last open or load.
Napi::Value Object::log(const Napi::CallbackInfo &info)
{
	return Napi::String::New(info.Env(), log_);
}

Napi::Value Object::maps(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	Napi::Array list = Napi::Array::New(env);
	bpf_map *map;

	if (!object_)
		return status(env, -EBADF);
	bpf_object__for_each_map(map, object_.get())
	{
		Napi::Object spec = Napi::Object::New(env);

		spec["name"] = name_of(map);
		spec["type"] = static_cast<uint32_t>(bpf_map__type(map));
		spec["keySize"] = bpf_map__key_size(map);
		spec["valueSize"] = bpf_map__value_size(map);
		spec["maxEntries"] = bpf_map__max_entries(map);
		spec["flags"] = bpf_map__map_flags(map);
		spec["holdsVariables"] = bpf_map__is_internal(map);
		list[list.Length()] = spec;
	}
	return list;
}

Napi::Value Object::programs(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	Napi::Array names = Napi::Array::New(env);
	bpf_program *program;

	if (!object_)
		return status(env, -EBADF);
	bpf_object__for_each_program(program, object_.get()) names[names.Length()] =
	    bpf_program__name(program);
	return names;
}

static bpf_map *find_map(bpf_object *object, const Napi::Value &name)
{
	std::string wanted = text(name);

	if (!object)
		return nullptr;
	return bpf_object__find_map_by_name(object, wanted.c_str())
		   ?: bpf_object__find_map_by_name(object, (data_section + wanted).c_str());
}

static bpf_program *find_program(bpf_object *object, const Napi::Value &name)
{
	return object ? bpf_object__find_program_by_name(object, text(name).c_str()) : nullptr;
}

// setMaxEntries(map, n); -EINVAL for a map of variables, which has one entry
Napi::Value Object::set_max_entries(const Napi::CallbackInfo &info)
{
	bpf_map *map = find_map(object_.get(), info[0]);

	// libbpf takes it, and gives back more memory than it took.
	if (map && bpf_map__is_internal(map))
		return status(info.Env(), -EINVAL);
	return status(info.Env(), map ? bpf_map__set_max_entries(map, u32(info[1])) : -ENOENT);
}

// reuseMap(map, fd); the caller compares what may not differ, of a map of variables the entries,
// too
Napi::Value Object::reuse_map(const Napi::CallbackInfo &info)
{
	bpf_map *map = find_map(object_.get(), info[0]);

	return status(info.Env(),
		      map ? bpf_map__reuse_fd(map, static_cast<int>(u32(info[1]))) : -ENOENT);
}

// disableProgram(program)
Napi::Value Object::disable_program(const Napi::CallbackInfo &info)
{
	bpf_program *program = find_program(object_.get(), info[0]);

	return status(info.Env(), program ? bpf_program__set_autoload(program, false) : -ENOENT);
}

// map(name)
Napi::Value Object::map(const Napi::CallbackInfo &info)
{
	bpf_map *map = find_map(object_.get(), info[0]);

	return Map::adopt(info.Env(), map ? duplicate(bpf_map__fd(map)) : -ENOENT);
}

// program(name)
Napi::Value Object::program(const Napi::CallbackInfo &info)
{
	bpf_program *program = find_program(object_.get(), info[0]);

	return Program::adopt(info.Env(), program ? duplicate(bpf_program__fd(program)) : -ENOENT);
}

void Object::close(const Napi::CallbackInfo &)
{
	object_.reset();
}

Napi::Function Object::define(Napi::Env env)
{
	return DefineClass(env, "Object",
			   {
			       InstanceMethod("open", &Object::open),
			       InstanceMethod("load", &Object::load),
			       InstanceMethod("log", &Object::log),
			       InstanceMethod("maps", &Object::maps),
			       InstanceMethod("programs", &Object::programs),
			       InstanceMethod("setMaxEntries", &Object::set_max_entries),
			       InstanceMethod("reuseMap", &Object::reuse_map),
			       InstanceMethod("disableProgram", &Object::disable_program),
			       InstanceMethod("map", &Object::map),
			       InstanceMethod("program", &Object::program),
			       InstanceMethod("close", &Object::close),
			   });
}
