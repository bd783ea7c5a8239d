#pragma once

#include "ops/expr/functions.h"
#include "state/string_ref.h"
#include "state/text/utf8.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace thalweg {

// The loops of kernels that read and make text.
//
// Texts of up to 12 bytes live in the result itself; longer ones are copied into context.scratch,
// or borrow from an argument when they are a part of it. Loops that build their result reuse one
// buffer for all rows.

// The most bytes that a function may make of one row.
inline constexpr std::size_t kTextBytesMax = std::size_t{64} << 20U;

// Argument `index` as strings: texts[row].view() borrows from the column.
[[nodiscard]] inline const StringRef* texts(const KernelCall& call, std::size_t index) {
    return call.arguments[index]->data<StringRef>();
}

[[nodiscard]] inline const std::int64_t* integers(const KernelCall& call, std::size_t index) {
    return call.arguments[index]->data<std::int64_t>();
}

// Appends the text of the bytes, with U+FFFD for what is no UTF-8.
inline void append_as_utf8(std::string& out, std::string_view bytes) {
    while (!bytes.empty()) {
        const CodePoint c = utf8_decode(bytes);
        append_utf8(out, c.value);
        bytes.remove_prefix(c.bytes);
    }
}

// A string of the result, copied to where it may stay. One beyond kTextBytesMax ends the query.
[[nodiscard]] inline StringRef keep_text(const KernelCall& call, std::string_view text) {
    if (text.size() <= StringRef::kInlineMax) return StringRef(text);
    if (text.size() > kTextBytesMax) [[unlikely]] {
        call.context.fail("a function would make a text of more than " +
                          std::to_string(kTextBytesMax) + " bytes");
        return {};
    }
    return StringRef(call.context.scratch.copy(text));
}

// result[row] = what make(row, buffer) appends to the empty buffer.
template <class F>
void build_texts(const KernelCall& call, F make) {
    StringRef* const out = call.result.data<StringRef>();
    std::string buffer;
    call.selection.for_each([&](std::size_t row) {
        buffer.clear();
        make(row, buffer);
        out[row] = keep_text(call, buffer);
    });
}

// The same where make() says by false that the result is NULL.
template <class F>
void build_texts_or_null(const KernelCall& call, F make) {
    StringRef* const out = call.result.data<StringRef>();
    std::string buffer;
    call.selection.for_each([&](std::size_t row) {
        buffer.clear();
        if (make(row, buffer)) {
            out[row] = keep_text(call, buffer);
        } else {
            out[row] = StringRef();
            call.result.set_null(row);
        }
    });
}

// result[row] = part(text of argument `index`, row), a part of that text.
template <class F>
void cut_texts(const KernelCall& call, std::size_t index, F part) {
    StringRef* const out = call.result.data<StringRef>();
    const StringRef* const in = texts(call, index);
    call.selection.for_each([&](std::size_t row) {
        // The view is of the column's value, which outlives the statement.
        out[row] = StringRef(part(in[row].view(), row));
    });
}

// What prepare() made, or what the row's own pattern gives, the latest of which is kept: patterns
// that are not literals seldom change from row to row.
template <class T>
struct PatternCache {
    std::string text;
    std::shared_ptr<const T> value;
};

template <class T>
[[nodiscard]] PatternCache<T>& pattern_cache(const KernelCall& call) {
    if (call.kept == nullptr) call.kept = std::make_shared<PatternCache<T>>();
    return *static_cast<PatternCache<T>*>(call.kept.get());
}

// The compiled form of `text`: compile(text) gives a Result<std::shared_ptr<const T>>. nullptr
// after an error, which then has been reported.
template <class T, class F>
[[nodiscard]] const T* compiled_now(const KernelCall& call, std::string_view text, F compile) {
    PatternCache<T>& cache = pattern_cache<T>(call);
    if (cache.value == nullptr || cache.text != text) {
        auto made = compile(text);
        if (!made) {
            call.context.fail(made.error().message);
            return nullptr;
        }
        cache.text = text;
        cache.value = *std::move(made);
    }
    return cache.value.get();
}

// The same of a function whose prepare() gives a T for literals.
template <class T, class F>
[[nodiscard]] const T* compiled(const KernelCall& call, std::string_view text, F compile) {
    if (call.prepared != nullptr) return static_cast<const T*>(call.prepared);
    return compiled_now<T>(call, text, compile);
}

}  // namespace thalweg
