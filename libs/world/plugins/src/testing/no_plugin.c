/* A shared library that is none of ours. */
int something_else(void);
int something_else(void) {
    return 1;
}
