#pragma once

// 128-bit integers, the unscaled values of DECIMAL. `__extension__` keeps -Wpedantic quiet.

namespace thalweg {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

}  // namespace thalweg
