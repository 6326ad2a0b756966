#include "muster/runtime/test_tar.hpp"

#include <charconv>

#include "muster/base/assert.hpp"

namespace muster::runtime {
namespace {

constexpr std::size_t block = 512;
constexpr std::size_t name_bytes = 100;

void put(std::string& header, std::size_t at, std::string_view text) {
    header.replace(at, text.size(), text);
}

std::string octal(std::size_t value, std::size_t digits) {
    std::string out(digits, '0');
    for (std::size_t i = digits; i-- > 0; value /= 8) {
        out[i] = static_cast<char>('0' + static_cast<int>(value % 8));
    }
    return out;
}

}  // namespace

std::string write_tar(const std::map<std::string, std::string>& files) {
    std::string out;
    for (const auto& [name, content] : files) {
        MUSTER_ASSERT(name.size() < name_bytes);
        std::string header(block, '\0');
        put(header, 0, name);
        put(header, 100, "0000644");
        put(header, 108, "0000000");
        put(header, 116, "0000000");
        put(header, 124, octal(content.size(), 11));
        put(header, 136, octal(0, 11));
        put(header, 148, "        ");
        header[156] = '0';
        put(header, 257,
            std::string_view("ustar\0"
                             "00",
                             8));
        std::size_t sum = 0;
        for (const char c : header) sum += static_cast<unsigned char>(c);
        put(header, 148, octal(sum, 6));
        header[154] = '\0';
        out += header + content;
        out.append((block - content.size() % block) % block, '\0');
    }
    out.append(2 * block, '\0');
    return out;
}

std::map<std::string, std::string> read_tar(std::string_view bytes) {
    std::map<std::string, std::string> files;
    while (bytes.size() >= block && bytes[0] != '\0') {
        const auto field = bytes.substr(0, name_bytes);
        const auto name = field.substr(0, field.find('\0'));
        std::size_t size = 0;
        std::from_chars(bytes.data() + 124, bytes.data() + 135, size, 8);
        const char type = bytes[156];
        bytes.remove_prefix(block);
        if (size > bytes.size()) break;
        if (type == '0' || type == '\0') files.emplace(name, bytes.substr(0, size));
        const auto whole = (size + block - 1) / block * block;
        bytes.remove_prefix(std::min(whole, bytes.size()));
    }
    return files;
}

}  // namespace muster::runtime
