// MD5 and the SHA family, by OpenSSL: hexadecimal digits of a text's digest.

#include "ops/expr/functions.h"
#include "ops/expr/text_loops.h"

#include <openssl/evp.h>

#include <string>
#include <string_view>

namespace thalweg {
namespace {

void append_digest(std::string& out, std::string_view text, const EVP_MD* algorithm) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest, &size, algorithm, nullptr) != 1) return;
    for (unsigned i = 0; i < size; ++i) {
        out += kDigits[digest[i] >> 4U];
        out += kDigits[digest[i] & 15U];
    }
}

template <const EVP_MD* (*kAlgorithm)()>
void kernel_digest(const KernelCall& call) {
    build_texts(call, [&, in = texts(call, 0)](std::size_t row, std::string& out) {
        append_digest(out, in[row].view(), kAlgorithm());
        // A machine set up for approved algorithms only may have no MD5.
        if (out.empty()) call.context.fail("this machine's OpenSSL does not compute such a hash");
    });
}

const EVP_MD* sha2_of(std::int64_t bits) {
    switch (bits) {
        case 224: return EVP_sha224();
        case 256: return EVP_sha256();
        case 384: return EVP_sha384();
        case 512: return EVP_sha512();
        default: return nullptr;
    }
}

void kernel_sha2(const KernelCall& call) {
    const StringRef* const in = texts(call, 0);
    const std::int64_t* const bits = integers(call, 1);
    build_texts(call, [&](std::size_t row, std::string& out) {
        const EVP_MD* const algorithm = sha2_of(bits[row]);
        if (algorithm == nullptr) {
            call.context.fail("SHA2 makes 224, 256, 384 or 512 bits, not " +
                              std::to_string(bits[row]));
            return;
        }
        append_digest(out, in[row].view(), algorithm);
    });
}

Function digest_function(std::string_view name, Kernel kernel) {
    return {.name = name,
            .parameters = {Parameter::kString},
            .result = returns_string,
            .kernel = kernel};
}

}  // namespace

std::span<const Function> digest_functions() {
    static const std::vector<Function> kFunctions = {
        digest_function("MD5", kernel_digest<EVP_md5>),
        digest_function("SHA1", kernel_digest<EVP_sha1>),
        digest_function("SHA224", kernel_digest<EVP_sha224>),
        digest_function("SHA256", kernel_digest<EVP_sha256>),
        digest_function("SHA384", kernel_digest<EVP_sha384>),
        digest_function("SHA512", kernel_digest<EVP_sha512>),
        {.name = "SHA2",
         .parameters = {Parameter::kString, Parameter::kBigint},
         .result = returns_string,
         .kernel = kernel_sha2},
    };
    return kFunctions;
}

}  // namespace thalweg
