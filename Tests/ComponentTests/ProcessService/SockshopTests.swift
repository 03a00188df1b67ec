import FoundationEssentials
import SpecFiles
import Testing

@Suite("The sock shop's files")
struct SockshopTests {
    @Test(
        "Each is valid, without a warning",
        arguments: [
            "shipyard.yaml", "process.yaml", "slo.yaml", "dev/slo.yaml", "keptn/sli.yaml", "jmeter/jmeter.conf.yaml",
            "jmeter/functional.yaml", "jmeter/performance.yaml", "jmeter/healthcheck.yaml",
        ])
    func valid(_ path: String) throws {
        let repository = URL(filePath: #filePath).appending(path: "../../../..").standardized
        let content = try #require(
            FileManager.default.contents(atPath: repository.appending(path: "examples/sockshop/\(path)").path()))
        let (_, warnings) = try SpecFiles.validate(Array(content), file: path)
        #expect(warnings.isEmpty)
    }
}
