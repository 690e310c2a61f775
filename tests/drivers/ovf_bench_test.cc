#include "tests/drivers/ovf_bench.h"

#include <cstdio>

namespace charter {
namespace {

std::string item(int type, const std::string& name, const std::string& more) {
  return "<Item><rasd:ElementName>" + name + "</rasd:ElementName><rasd:ResourceType>" +
         std::to_string(type) + "</rasd:ResourceType>" + more + "</Item>";
}

}  // namespace

std::string tar_header(const std::string& name, size_t size, char type) {
  std::string block(512, '\0');
  block.replace(0, name.size(), name);
  char number[13];
  std::snprintf(number, sizeof number, "%011zo", size);
  block.replace(124, 11, number, 11);
  block[156] = type;
  block.replace(257, 6, "ustar\0", 6);
  block.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : block)
    sum += static_cast<unsigned char>(c);
  std::snprintf(number, sizeof number, "%06o", sum);
  block.replace(148, 7, std::string(number, 6) + '\0');
  return block;
}

std::string tar_of(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string archive;
  for (const auto& [name, bytes] : files) {
    archive += tar_header(name, bytes.size()) + bytes;
    archive.resize((archive.size() + 511) / 512 * 512);
  }
  return archive + std::string(1024, '\0');
}

std::string ovf_descriptor(const std::string& more, const std::string& items,
                           const std::string& disk_file, const std::string& capacity) {
  return "<?xml version=\"1.0\"?><Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\" "
         "xmlns:ovf=\"http://schemas.dmtf.org/ovf/envelope/1\" xmlns:rasd=\"r\">"
         "<References><File ovf:id=\"f1\" ovf:href=\"" +
         disk_file +
         "\"/></References><DiskSection><Info/>"
         "<Disk ovf:diskId=\"d1\" ovf:fileRef=\"f1\" ovf:capacity=\"" +
         capacity +
         "\" ovf:format=\"x\"/><Disk ovf:diskId=\"d2\" ovf:capacity=\"1\" "
         "ovf:capacityAllocationUnits=\"byte * 2^30\"/></DiskSection>"
         "<NetworkSection><Network ovf:name=\"VM Network\"/></NetworkSection>" +
         more +
         "<VirtualSystem ovf:id=\"Web Server\"><Info/><Name>web</Name>"
         "<OperatingSystemSection ovf:id=\"96\"><Description>Debian GNU/Linux 12</Description>"
         "</OperatingSystemSection><ProductSection><Product>p</Product></ProductSection>"
         "<VirtualHardwareSection>" +
         item(3, "cpu", "<rasd:VirtualQuantity>2</rasd:VirtualQuantity>") +
         item(4, "memory",
              "<rasd:AllocationUnits>MegaBytes</rasd:AllocationUnits>"
              "<rasd:VirtualQuantity>1024</rasd:VirtualQuantity>") +
         item(17, "disk1", "<rasd:HostResource>ovf:/disk/d1</rasd:HostResource>") +
         item(17, "disk2", "<rasd:HostResource>ovf:/disk/d2</rasd:HostResource>") +
         item(10, "card", "<rasd:Connection>VM Network</rasd:Connection>") + item(35, "sound", "") +
         items + "</VirtualHardwareSection></VirtualSystem></Envelope>";
}

}  // namespace charter
