/* A Modbus TCP device on Debian's libmodbus, for the tests: `slave PORT`, ends with its input.
   Holding registers 0-9: 0x0102 0x0304, -2, a float 231.4, 64 bit 12345678901, and one more.
   Input registers 100-101: 123456. Coil 3 is on. Every read is answered by the library alone. */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int port = argc > 1 ? atoi(argv[1]) : 1502;
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    modbus_mapping_t *map = modbus_mapping_new(16, 16, 16, 128);
    uint64_t large = 12345678901ULL;
    float volts = 231.4f;
    uint32_t bits;

    map->tab_registers[0] = 0x0102;
    map->tab_registers[1] = 0x0304;
    map->tab_registers[2] = (uint16_t)-2;
    memcpy(&bits, &volts, sizeof bits);
    map->tab_registers[3] = bits >> 16;
    map->tab_registers[4] = bits & 0xFFFF;
    for (int i = 0; i < 4; i++)
        map->tab_registers[5 + i] = (large >> (48 - 16 * i)) & 0xFFFF;
    map->tab_registers[9] = 42;
    map->tab_input_registers[100] = 123456 >> 16;
    map->tab_input_registers[101] = 123456 & 0xFFFF;
    map->tab_bits[3] = 1;

    modbus_t *link = modbus_new_tcp("127.0.0.1", port);
    int listener = modbus_tcp_listen(link, 4);
    if (listener < 0) {
        fprintf(stderr, "%s\n", modbus_strerror(errno));
        return 1;
    }
    printf("ready\n");
    fflush(stdout);

    fd_set open_ones;
    FD_ZERO(&open_ones);
    FD_SET(listener, &open_ones);
    FD_SET(STDIN_FILENO, &open_ones);
    int highest = listener;
    for (;;) {
        fd_set ready = open_ones;
        if (select(highest + 1, &ready, NULL, NULL, NULL) < 0)
            return 1;
        for (int one = 0; one <= highest; one++) {
            if (!FD_ISSET(one, &ready))
                continue;
            if (one == STDIN_FILENO)
                return 0; /* the test has gone */
            if (one == listener) {
                int fresh = listener;
                fresh = modbus_tcp_accept(link, &fresh);
                if (fresh < 0)
                    continue;
                FD_SET(fresh, &open_ones);
                highest = fresh > highest ? fresh : highest;
                continue;
            }
            modbus_set_socket(link, one);
            int size = modbus_receive(link, query);
            if (size > 0)
                modbus_reply(link, query, size, map);
            else if (size < 0) {
                close(one);
                FD_CLR(one, &open_ones);
            }
        }
    }
}
