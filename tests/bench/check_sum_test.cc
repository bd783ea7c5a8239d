#include "bench/check_sum.h"

#include <doctest/doctest.h>

namespace thalweg::bench {

TEST_CASE("check sum: the order of rows does not matter, every value does") {
    CheckSum one;
    one.add_row(1, 2, 0.5);
    one.add_row(3, 4, 1.5);
    CheckSum other;
    other.add_row(3, 4, 1.5);
    other.add_row(std::int64_t{1}, std::int32_t{2}, 0.5F);
    CHECK(one.matches(other));

    struct Case {
        int first, second;
        double real;
    };

    for (const Case& wrong :
         {Case{1, 3, 0.5}, Case{2, 1, 0.5}, Case{2, 2, 0.5}, Case{1, 2, 0.500001}}) {
        CheckSum sum;
        sum.add_row(3, 4, 1.5);
        sum.add_row(wrong.first, wrong.second, wrong.real);
        CHECK(!sum.matches(one));
    }
    one.add_row(0, 0, 0.0);
    CHECK(!one.matches(other));
}

TEST_CASE("check sum: real numbers that change their places are found") {
    CheckSum one;
    one.add_row(1, 0.5);
    one.add_row(2, 1.5);
    CheckSum other;
    other.add_row(1, 1.5);
    other.add_row(2, 0.5);
    CHECK(!one.matches(other));
}

TEST_CASE("check sum: rounding is no difference") {
    CheckSum one;
    one.add_row(1, 0.1 + 0.2);
    CheckSum other;
    other.add_row(1, 0.3);
    CHECK(one.matches(other));
}

TEST_CASE("check sum: what is taken away was never there, whichever comes first") {
    CheckSum one;
    one.remove(CheckSum::row_of(1, 2, 0.5));
    one.add_row(3, 4, 1.5);
    one.add_row(1, 2, 0.5);
    CheckSum other;
    other.add_row(3, 4, 1.5);
    CHECK(one.matches(other));
    one.remove(CheckSum::row_of(3, 4, 1.25));
    CHECK(!one.matches(CheckSum()));
}

}  // namespace thalweg::bench
