// SPDX-License-Identifier: MIT
#pragma once

#include <napi.h>

// waitForPrograms(): until each BPF program that runs now, on whatever CPU, has ended
Napi::Value wait_for_programs(const Napi::CallbackInfo &info);
