#include "metrics.hpp"

#include <charconv>

namespace muster::coordinator {
namespace {

std::string number(double value) {
    std::array<char, 32> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), end};
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace

void Histogram::observe(double seconds) {
    ++count;
    sum += seconds;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        if (seconds <= bounds[i]) {
            ++below[i];
            return;
        }
    }
}

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
    out_ += "# HELP ";
    out_ += name;
    out_ += ' ';
    out_ += help;
    out_ += "\n# TYPE ";
    out_ += name;
    out_ += ' ';
    out_ += type;
    out_ += '\n';
}

void Exposition::sample(std::string_view name, const Labels& labels, double value) {
    out_ += name;
    if (!labels.empty()) {
        out_ += '{';
        for (const auto& [label, text] : labels) {
            if (out_.back() != '{') out_ += ',';
            out_ += label;
            out_ += "=\"" + escaped(text) + "\"";
        }
        out_ += '}';
    }
    out_ += ' ' + number(value) + '\n';
}

void Exposition::histogram(std::string_view name, const Labels& labels,
                           const Histogram& histogram) {
    const std::string bucket = std::string(name) + "_bucket";
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < Histogram::bounds.size(); ++i) {
        total += histogram.below[i];
        auto with_bound = labels;
        with_bound.emplace_back("le", number(Histogram::bounds[i]));
        sample(bucket, with_bound, static_cast<double>(total));
    }
    auto with_bound = labels;
    with_bound.emplace_back("le", "+Inf");
    sample(bucket, with_bound, static_cast<double>(histogram.count));
    sample(std::string(name) + "_sum", labels, histogram.sum);
    sample(std::string(name) + "_count", labels, static_cast<double>(histogram.count));
}

}  // namespace muster::coordinator
