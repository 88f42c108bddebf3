/// Resizes a plane by averaging what each new sample covers.
///
/// For planes of a few samples across or down, where the filter would be wider than the plane.
enum AreaAverage {
  static func resize(
    _ plane: borrowing Plane, extent: Extent, to size: PictureSize
  ) throws(PictureError.Reason) -> Plane {
    let columns = covers(extent.left, extent.width, samples: plane.width, target: size.width)
    let rows = covers(extent.top, extent.height, samples: plane.height, target: size.height)
    let result = try Plane(width: size.width, height: size.height)
    for (y, row) in rows.enumerated() {
      for (x, column) in columns.enumerated() {
        var sum = 0.0
        var weight = 0.0
        for sourceRow in row.first...row.last {
          let line = plane.base + sourceRow * plane.stride
          let down = row.weight(of: sourceRow)
          for sourceColumn in column.first...column.last {
            let both = down * column.weight(of: sourceColumn)
            sum += both * Double(line[sourceColumn])
            weight += both
          }
        }
        result.base[y * result.stride + x] = UInt8(min(max(sum / weight, 0), 255).rounded())
      }
    }
    return result
  }

  /// The samples that one new sample covers, the outer two perhaps in part.
  private struct Cover {
    let from: Double
    let to: Double
    let first: Int
    let last: Int

    func weight(of sample: Int) -> Double {
      let share = min(to, Double(sample + 1)) - max(from, Double(sample))
      // A cover that lies outside the plane altogether takes the sample at the edge.
      return max(share, 1e-9)
    }
  }

  private static func covers(
    _ start: Double, _ extent: Double, samples: Int, target: Int
  ) -> [Cover] {
    (0..<target).map { index in
      let from = start + extent * Double(index) / Double(target)
      let to = start + extent * Double(index + 1) / Double(target)
      let first = min(max(Int(from.rounded(.down)), 0), samples - 1)
      let last = min(max(Int(to.rounded(.up)) - 1, first), samples - 1)
      return Cover(from: from, to: to, first: first, last: last)
    }
  }
}
