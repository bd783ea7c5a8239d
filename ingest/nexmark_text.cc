#include "ingest/nexmark_text.h"

#include "state/base/assertion.h"
#include "state/base/random.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace thalweg {

namespace {

constexpr std::size_t kCutBytes = std::size_t{64} << 10U;  // Where a random text may begin.
constexpr std::size_t kWordsMax = 100;
constexpr std::size_t kShortest = 3;
constexpr std::uint64_t kBlankEvery = 13;  // Letters, on average.

constexpr std::array<std::string_view, 11> kFirstNames = {
    "Ada", "Bela", "Carla", "Dorte", "Emil", "Frida", "Gustav", "Hanna", "Ivo", "Jonas", "Katrin"};
constexpr std::array<std::string_view, 9> kLastNames = {
    "Albers", "Brandt", "Claussen", "Dreyer", "Ehlers", "Fischer", "Gross", "Hansen", "Ibsen"};
// Queries ask for them by name.
constexpr std::array<std::string_view, 6> kStates = {"AZ", "CA", "ID", "OR", "WA", "WY"};
constexpr std::array<std::string_view, 10> kCities = {"Phoenix",
                                                      "Los Angeles",
                                                      "San Francisco",
                                                      "Boise",
                                                      "Portland",
                                                      "Bend",
                                                      "Redmond",
                                                      "Seattle",
                                                      "Kent",
                                                      "Cheyenne"};
constexpr std::array<std::string_view, NexmarkText::kHotChannels> kHotNames = {
    "Google", "Facebook", "Baidu", "Apple"};

std::string random_text(Random& random, std::size_t size, char blank) {
    std::string text(size, blank);
    for (char& c : text) {
        if (blank == '\0' || random.below(kBlankEvery) != 0)
            c = static_cast<char>('a' + random.below(26));
    }
    return text;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

// Up to five characters of a path.
std::string path_part(Random& random) {
    return random_text(random, kShortest + random.below(2), '_');
}

std::string url_of(Random& random) {
    std::string url = "https://www.nexmark.com/";
    for (int i = 0; i < 3; ++i)
        url += path_part(random) + "/";
    return url + "item.htm?query=1";
}

// A number that says nothing about the channel's: its bits in the opposite order.
std::uint32_t reversed(std::uint32_t bits) {
    std::uint32_t result = 0;
    for (int i = 0; i < 32; ++i)
        result |= ((bits >> static_cast<unsigned>(i)) & 1U) << static_cast<unsigned>(31 - i);
    return result & 0x7fffffffU;
}

std::string_view pick(const NexmarkDraws& draws,
                      std::uint64_t n,
                      std::span<const std::string_view> texts) {
    return texts[draws.below(n, texts.size())];
}

}  // namespace

NexmarkText::NexmarkText(std::uint64_t seed, std::size_t extra_max) {
    Random random(seed);
    letters_ = random_text(random, kCutBytes + extra_max, '\0');
    words_ = random_text(random, kCutBytes + kWordsMax, ' ');
    make_channels(random());
}

void NexmarkText::make_channels(std::uint64_t seed) {
    Random random(seed);
    for (const std::string_view name : kHotNames) {
        texts_.emplace_back(name);
        texts_.push_back(url_of(random));
    }
    for (std::size_t i = 0; i < kOtherChannels; ++i) {
        texts_.push_back("channel-" + std::to_string(i));
        std::string url = url_of(random);
        if (random.below(10) != 0)
            url += "&channel_id=" + std::to_string(reversed(static_cast<std::uint32_t>(i)));
        texts_.push_back(std::move(url));
    }
    for (std::size_t i = 0; i < texts_.size(); i += 2) {
        channels_.emplace_back(texts_[i]);
        urls_.emplace_back(texts_[i + 1]);
    }
}

std::string_view NexmarkText::words(const NexmarkDraws& draws,
                                    std::uint64_t n,
                                    std::size_t size_max) const {
    DEBUG_ASSERT(size_max <= kWordsMax);
    const std::size_t size = kShortest + draws.below(n, size_max - kShortest);
    return trimmed(std::string_view(words_).substr(draws.below(n + 1, kCutBytes), size));
}

std::string_view NexmarkText::letters(const NexmarkDraws& draws,
                                      std::uint64_t n,
                                      std::size_t size) const {
    DEBUG_ASSERT(size + kCutBytes <= letters_.size());
    return std::string_view(letters_).substr(draws.below(n, kCutBytes), size);
}

NexmarkText::Person NexmarkText::person(const NexmarkDraws& draws, std::uint64_t n) const {
    Person person;
    person.name.append(pick(draws, n, kFirstNames)).append(" ");
    person.name.append(pick(draws, n + 1, kLastNames));
    person.email.append(words(draws, n + 2, 7)).append("@");
    person.email.append(words(draws, n + 4, 5)).append(".com");
    for (std::uint64_t i = 0; i < 4; ++i) {
        const std::string digits = std::to_string(draws.below(n + 6 + i, 10'000));
        if (i != 0) person.credit_card += ' ';
        person.credit_card.append(4 - digits.size(), '0').append(digits);
    }
    person.city = pick(draws, n + 10, kCities);
    person.state = pick(draws, n + 11, kStates);
    return person;
}

NexmarkPrices::NexmarkPrices() {
    for (std::size_t i = 0; i < high_.size(); ++i) {
        const double part = 6.0 * static_cast<double>(i) / 256.0;
        high_[i] = 100 * std::pow(10.0, part);
        middle_[i] = std::pow(10.0, part / 256.0);
        low_[i] = std::pow(10.0, part / 65'536.0);
    }
}

}  // namespace thalweg
