// A program that behaves like a game server, for tests of what runs such servers. One static file,
// so that it is a whole image by itself, and runs under the process runtime as well.
//
//   game                serves (see below)
//   game echo WORD...   prints the words
//   game err WORD...    prints them to standard error
//   game cat            copies standard input to standard output
//   game exit N         ends with status N
//   game env NAME       prints a variable of the environment
//   game file PATH      prints a file
//
// Serving: counts its starts in DATA/starts.txt (DATA: /data, or the variable DATA), prints
// "Loading...", after START_DELAY_MS prints "Done! Server ready on port N", listens on TCP and UDP
// PORT (7000) answering "pong" to whatever comes. Console lines are echoed as "> line":
//   stop         saves DATA/world.txt, ends with 0     crash    ends with 7
//   hang         ignores SIGTERM from now on           spam N   prints N numbered lines
//   err TEXT     prints to standard error              eat MB   takes that much memory
//   say TEXT     prints the text, and remembers it for world.txt
// SIGTERM and SIGINT save and end with 0.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MAX = 32, LINE_MAX_BYTES = 4096 };

static volatile sig_atomic_t asked_to_end;
static bool hanging;
static char said[LINE_MAX_BYTES];
static const char* data_folder = "/data";

static void on_signal(int number) {
    (void)number;
    asked_to_end = 1;
}

static FILE* open_data(const char* name, const char* mode) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", data_folder, name);
    return fopen(path, mode);
}

static void count_start(void) {
    int starts = 0;
    FILE* file = open_data("starts.txt", "r");
    if (file != NULL) {
        if (fscanf(file, "%d", &starts) != 1) starts = 0;
        fclose(file);
    }
    file = open_data("starts.txt", "w");
    if (file == NULL) return;
    fprintf(file, "%d\n", starts + 1);
    fclose(file);
}

static void save_and_exit(void) {
    printf("Saving world\n");
    FILE* file = open_data("world.txt", "w");
    if (file != NULL) {
        fprintf(file, "saved %lld\n%s\n", (long long)time(NULL), said);
        fclose(file);
    } else {
        fprintf(stderr, "cannot save: %s\n", strerror(errno));
    }
    printf("Bye\n");
    exit(0);
}

// Each piece points to the one before, so that the compiler cannot leave them out.
static void eat(long megabytes) {
    static char* eaten;
    for (long i = 0; i < megabytes; ++i) {
        char* piece = malloc(1U << 20U);
        if (piece == NULL) break;
        memset(piece, 1, 1U << 20U);
        memcpy(piece, &eaten, sizeof eaten);
        eaten = piece;
    }
    printf("Ate %ld MB\n", megabytes);
}

static void obey(const char* line) {
    printf("> %s\n", line);
    if (strcmp(line, "stop") == 0) save_and_exit();
    if (strcmp(line, "crash") == 0) {
        fprintf(stderr, "Fatal: crashed as asked\n");
        exit(7);
    }
    if (strcmp(line, "hang") == 0) hanging = true;
    if (strncmp(line, "spam ", 5) == 0) {
        const long lines = atol(line + 5);
        for (long i = 1; i <= lines; ++i) printf("spam %ld\n", i);
    }
    if (strncmp(line, "err ", 4) == 0) fprintf(stderr, "%s\n", line + 4);
    if (strncmp(line, "eat ", 4) == 0) eat(atol(line + 4));
    if (strncmp(line, "say ", 4) == 0) {
        snprintf(said, sizeof said, "%s", line + 4);
        printf("%s\n", said);
    }
}

/// Takes what the console has; returns false at its end.
static bool read_console(void) {
    static char line[LINE_MAX_BYTES];
    static size_t length;
    char bytes[1024];
    const ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) return false;
    for (ssize_t i = 0; i < got; ++i) {
        if (bytes[i] == '\n') {
            line[length] = '\0';
            length = 0;
            obey(line);
        } else if (bytes[i] != '\r' && length + 1 < sizeof line) {
            line[length++] = bytes[i];
        }
    }
    return true;
}

static int listen_on(int type, unsigned short port) {
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    const int yes = 1;
    if (type == SOCK_STREAM) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (bind(fd, (struct sockaddr*)&here, sizeof here) != 0 ||
        (type == SOCK_STREAM && listen(fd, 16) != 0)) {
        fprintf(stderr, "Cannot listen on port %u: %s\n", (unsigned)port, strerror(errno));
        exit(3);
    }
    return fd;
}

static void answer_datagram(int fd) {
    char bytes[2048];
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    if (recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr*)&from, &length) < 0) return;
    sendto(fd, "pong", 4, 0, (struct sockaddr*)&from, length);
}

static void answer_client(struct pollfd* client) {
    char bytes[2048];
    if (read(client->fd, bytes, sizeof bytes) > 0 &&
        send(client->fd, "pong\n", 5, MSG_NOSIGNAL) > 0) {
        return;
    }
    close(client->fd);
    client->fd = -1;
}

static void take_client(int fd, struct pollfd* clients) {
    const int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    for (int i = 0; i < CLIENTS_MAX && client >= 0; ++i) {
        if (clients[i].fd < 0) {
            clients[i] = (struct pollfd){.fd = client, .events = POLLIN};
            return;
        }
    }
    if (client >= 0) close(client);
}

static long long now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static int serve(void) {
    const char* port_text = getenv("PORT");
    const char* delay_text = getenv("START_DELAY_MS");
    const unsigned short port = (unsigned short)(port_text != NULL ? atoi(port_text) : 7000);
    const long long ready_at = now_ms() + (delay_text != NULL ? atoll(delay_text) : 0);
    bool ready = false;
    count_start();
    printf("Loading...\n");

    struct pollfd sources[3 + CLIENTS_MAX];
    sources[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    for (int i = 1; i < 3 + CLIENTS_MAX; ++i) sources[i] = (struct pollfd){.fd = -1};
    for (;;) {
        if (asked_to_end && !hanging) save_and_exit();
        if (!ready && now_ms() >= ready_at) {
            ready = true;
            sources[1] = (struct pollfd){.fd = listen_on(SOCK_STREAM, port), .events = POLLIN};
            sources[2] = (struct pollfd){.fd = listen_on(SOCK_DGRAM, port), .events = POLLIN};
            printf("Done! Server ready on port %u\n", (unsigned)port);
        }
        const int wait = ready ? 1000 : (int)(ready_at - now_ms() < 0 ? 0 : ready_at - now_ms());
        if (poll(sources, 3 + CLIENTS_MAX, wait) <= 0) continue;
        if (sources[0].revents != 0 && !read_console()) sources[0].fd = -1;
        if (sources[1].revents != 0) take_client(sources[1].fd, sources + 3);
        if (sources[2].revents != 0) answer_datagram(sources[2].fd);
        for (int i = 3; i < 3 + CLIENTS_MAX; ++i) {
            if (sources[i].fd >= 0 && sources[i].revents != 0) answer_client(&sources[i]);
        }
    }
}

static int run_tool(int count, char** words) {
    const char* tool = words[1];
    if (strcmp(tool, "echo") == 0 || strcmp(tool, "err") == 0) {
        FILE* out = tool[1] == 'c' ? stdout : stderr;
        for (int i = 2; i < count; ++i) fprintf(out, "%s%s", words[i], i + 1 < count ? " " : "\n");
        return 0;
    }
    if (strcmp(tool, "exit") == 0) return count > 2 ? atoi(words[2]) : 0;
    if (strcmp(tool, "env") == 0 && count > 2) {
        const char* value = getenv(words[2]);
        printf("%s\n", value != NULL ? value : "(unset)");
        return value != NULL ? 0 : 1;
    }
    FILE* from = stdin;
    if (strcmp(tool, "file") == 0 && count > 2) from = fopen(words[2], "r");
    if (from == NULL || (from == stdin && strcmp(tool, "cat") != 0)) {
        fprintf(stderr, "game: cannot %s\n", tool);
        return 2;
    }
    char bytes[4096];
    size_t got = 0;
    setvbuf(stdout, NULL, _IONBF, 0);
    while ((got = (size_t)read(fileno(from), bytes, sizeof bytes)) > 0 && got <= sizeof bytes) {
        fwrite(bytes, 1, got, stdout);
    }
    return 0;
}

int main(int count, char** words) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (count > 1) return run_tool(count, words);
    if (getenv("DATA") != NULL) data_folder = getenv("DATA");
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    return serve();
}
