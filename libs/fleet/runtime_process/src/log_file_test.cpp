#include "log_file.hpp"

#include <gtest/gtest.h>

#include "muster/base/file.hpp"

namespace muster::runtime_process {
namespace {

struct LogFile : testing::Test {
    LogFile() {
        char name[] = "/tmp/muster-log-XXXXXX";
        folder = mkdtemp(name);
    }
    ~LogFile() override { std::filesystem::remove_all(folder); }
    [[nodiscard]] std::filesystem::path log() const { return folder / "log"; }
    static std::vector<std::string> rest(LineReader& reader) {
        std::vector<std::string> texts;
        while (const auto line = reader.next()) {
            const auto decoded = decode_log_line(*line);
            EXPECT_TRUE(decoded) << *line;
            if (decoded) texts.push_back(decoded->text);
        }
        return texts;
    }

    std::filesystem::path folder;
    Timestamp now{milliseconds(1'700'000'000'123)};
};

TEST_F(LogFile, KeepsTimeStreamAndTextOfLinesHoweverTheyCome) {
    LogWriter writer(log(), 1 << 20);
    writer.add("first\nsec", false, now);
    writer.add("wrong\n", true, now);
    writer.add("ond\n\nthird", false, now + milliseconds(1));
    writer.finish(now + milliseconds(2));
    EXPECT_EQ(read_file(log()),
              "1700000000123 o first\n1700000000123 e wrong\n1700000000124 o second\n"
              "1700000000124 o \n1700000000125 o third\n");
}

TEST_F(LogFile, CutsALineThatDoesNotEnd) {
    LogWriter writer(log(), 1 << 20);
    const std::string endless(LogWriter::line_bytes_max * 2 + 5, 'x');
    writer.add(endless, false, now);
    writer.finish(now);
    LineReader reader(log());
    const auto texts = rest(reader);
    ASSERT_EQ(texts.size(), 3U);
    EXPECT_EQ(texts[0].size(), LogWriter::line_bytes_max);
    EXPECT_EQ(texts[0] + texts[1] + texts[2], endless);
}

TEST_F(LogFile, KeepsTwoFilesOfLimitedSizeWhichAReaderFollows) {
    constexpr std::int64_t limit = 1'000;
    LogWriter writer(log(), limit);
    LineReader reader(log());
    int expected = 0;
    for (int i = 0; i < 500; ++i) {
        writer.add("line " + std::to_string(i) + "\n", false, now);
        for (const auto& text : rest(reader)) {
            EXPECT_EQ(text, "line " + std::to_string(expected++));
        }
    }
    EXPECT_EQ(expected, 500);
    constexpr std::uintmax_t line = 64;
    EXPECT_LE(std::filesystem::file_size(log()), limit + line);
    EXPECT_LE(std::filesystem::file_size(folder / "log.1"), limit + line);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2);

    LineReader late(log());
    const auto kept = rest(late);
    EXPECT_EQ(kept.back(), "line 499");
    EXPECT_GT(kept.size(), 30U);
    EXPECT_LT(kept.size(), 100U);
}

TEST_F(LogFile, TakesATailOverBothFiles) {
    constexpr std::int64_t limit = 1'000;
    LogWriter writer(log(), limit);
    for (int i = 0; i < 100; ++i) writer.add("line " + std::to_string(i) + "\n", false, now);
    LineReader all(log());
    const auto kept = rest(all);
    ASSERT_GT(kept.size(), 20U);
    for (std::size_t tail = 0; tail <= kept.size() + 3; ++tail) {
        LineReader reader(log());
        reader.seek_tail(static_cast<std::int64_t>(tail));
        const auto texts = rest(reader);
        const auto wanted = std::min(tail, kept.size());
        ASSERT_EQ(texts, std::vector(kept.end() - static_cast<long>(wanted), kept.end())) << tail;
    }
}

TEST_F(LogFile, AReaderOfNothingWaits) {
    LineReader reader(log());
    reader.seek_tail(5);
    EXPECT_FALSE(reader.next());
    LogWriter writer(log(), 1 << 20);
    writer.add("now\n", false, now);
    EXPECT_EQ(rest(reader), std::vector<std::string>{"now"});
}

}  // namespace
}  // namespace muster::runtime_process
