#pragma once

#include <cstdint>

namespace thalweg::bench::by_hand {

struct Count {
    std::int64_t count = 0;

    void operator+=(const Count& other) { count += other.count; }

    void operator-=(const Count& other) { count -= other.count; }
};

// Of floats: a double holds the sums of the traces exactly or nearly so, and so what is added and
// taken away again leaves nothing behind.
struct RealSum {
    std::int64_t count = 0;
    double sum = 0;

    void add(float value) {
        ++count;
        sum += static_cast<double>(value);
    }

    [[nodiscard]] float average() const {
        return static_cast<float>(sum / static_cast<double>(count));
    }

    void operator+=(const RealSum& other) {
        count += other.count;
        sum += other.sum;
    }

    void operator-=(const RealSum& other) {
        count -= other.count;
        sum -= other.sum;
    }
};

}  // namespace thalweg::bench::by_hand
