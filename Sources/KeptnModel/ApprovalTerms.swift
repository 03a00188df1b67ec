package import CloudEvents

/// What the shipyard asks of an approval that people give, beside `pass` and `warning`: the task's properties
/// `approvers` (how many different people have to approve; 1), `timeout` (a duration as Go writes it, from the task's
/// `.triggered` on; none) and `onTimeout` (`fail` or `pass`: the answer when nobody gave one; `fail`).
package struct ApprovalTerms: Sendable, Hashable {
    package static let task = "approval"
    package static let approversMax = 20

    package let approvers: Int
    package let timeout: Duration?
    package let defaultAnswer: KeptnResult

    /// - Parameter properties: `data.approval`.
    package init(properties: JSON) throws(UnusableProperty) {
        approvers = try Self.approvers(properties["approvers"].given)
        timeout = try properties["timeout"].given?.duration(of: Self.task, "timeout")
        switch properties["onTimeout"].given?.stringValue {
        case "fail": defaultAnswer = .fail
        case "pass": defaultAnswer = .pass
        case nil where properties["onTimeout"].given == nil: defaultAnswer = .fail
        default:
            throw UnusableProperty(
                task: Self.task, key: "onTimeout",
                "is \(properties["onTimeout"]?.shown ?? ""); pass or fail is needed")
        }
    }

    private static func approvers(_ value: JSON?) throws(UnusableProperty) -> Int {
        guard let value else { return 1 }
        guard let number = value.intValue ?? value.stringValue.flatMap(Int.init), (1...approversMax).contains(number)
        else {
            throw UnusableProperty(
                task: Self.task, key: "approvers",
                "is \(value.shown); a number from 1 to \(approversMax) is needed")
        }
        return number
    }
}
