#include HEADER

int main() {}
