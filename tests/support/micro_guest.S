# A guest of one sector. It says on the first serial port how much memory and how many sectors of disk it sees, waits for the
# power button, and switches itself off. Boots in a third of a second without hardware virtualisation.
  .include "micro_boot.inc"
  mov $0xe801, %ax        # KiB between 1 and 16 MiB, then blocks of 64 KiB above
  int $0x15
  push %bx
  call hex
  pop %ax
  call hex
  mov $sectors, %si
  call say
  mov $0x48, %ah          # parameters of the first disk
  mov $0x80, %dl
  mov $0x600, %si
  movw $30, (%si)
  int $0x13
  mov 0x612, %ax
  call hex
  mov 0x610, %ax
  call hex
  .include "micro_serial.inc"
hello: .asciz "GUEST-MARKER micro mem="
sectors: .asciz " sectors="
bye: .asciz "GUEST-ACPI-POWEROFF\r\n"
line: .asciz "\r\n"
.org 510
.word 0xaa55
